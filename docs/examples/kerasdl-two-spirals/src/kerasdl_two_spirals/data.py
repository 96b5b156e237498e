"""The points, by the formula of the benchmark."""

import numpy as np

from kerasdl.data import Data, Inputs, Samples


def two_spirals() -> Data:
    """97 points of each spiral; the second is the first one turned by half a circle."""
    i = np.arange(97)
    angle, radius = i * np.pi / 16, 6.5 * (104 - i) / 104
    one = np.stack([radius * np.sin(angle), radius * np.cos(angle)], axis=1)
    return Data(
        name="two-spirals",
        task="tabular-classification",
        train=Samples(np.concatenate([one, -one]).astype("float32"), np.repeat([0, 1], 97)),
        inputs=Inputs(kind="arrays", shape=(2,), dtype="float32"),
        classes=("first", "second"),
        outputs=2,
    )

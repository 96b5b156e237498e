"""The points, by the formula of the benchmark."""

import numpy as np

from kerasdl.data import Data, Inputs, Samples


def two_spirals() -> Data:
    """97 points of each spiral to train on, and the 96 places between them to test."""
    return Data(
        name="two-spirals",
        task="tabular-classification",
        train=_points(np.arange(97)),
        test=_points(np.arange(96) + 0.5),
        inputs=Inputs(kind="arrays", shape=(2,), dtype="float32"),
        classes=("first", "second"),
        outputs=2,
    )


def _points(i: np.ndarray) -> Samples:
    """Both spirals; the second is the first one turned by half a circle."""
    angle, radius = i * np.pi / 16, 6.5 * (104 - i) / 104
    one = np.stack([radius * np.sin(angle), radius * np.cos(angle)], axis=1)
    return Samples(np.concatenate([one, -one]).astype("float32"), np.repeat([0, 1], len(i)))

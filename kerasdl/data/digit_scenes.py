"""Scenes of scanned digits, described in words."""

import numpy as np

from kerasdl.data.checks import check_data
from kerasdl.data.embedded import digits
from kerasdl.data.inputs import Inputs
from kerasdl.data.plans import TextPlan
from kerasdl.data.records import Data, Samples
from kerasdl.data.text_sets import objects

NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_TRAIN_DIGITS = 1437  # four fifths, so that test scenes are of digits never seen
_SCENES = {"train": 8000, "test": 1000}


def digit_scenes() -> Data:
    """Four digits in a grid of 36x36 pixels, each twice its scanned size, and a sentence of them.

    `three and seven above zero and one`: the upper row from the left, then the lower. The digits
    of the test scenes are in no training scene. Drawn by counter-based random numbers, the same
    each time.
    """
    scanned = digits().train
    halves = {"train": slice(None, _TRAIN_DIGITS), "test": slice(_TRAIN_DIGITS, None)}
    samples = {
        part: _scenes(scanned.x[half], scanned.y[half], _SCENES[part], key)
        for key, (part, half) in enumerate(halves.items())
    }
    return check_data(
        Data(
            name="digit-scenes",
            task="captioning",
            **samples,
            inputs=Inputs(kind="images", shape=(36, 36, 1), dtype="uint8", value_range=(0.0, 16.0)),
            outputs=0,
            source="scikit-learn, sklearn.datasets.load_digits",
            license="BSD-3-Clause (scikit-learn)",
            plan=TextPlan(tokenizer="words"),
        )
    )


def _scenes(images: np.ndarray, labels: np.ndarray, count: int, key: int) -> Samples:
    words = np.random.Philox(key=key).random_raw(count * 4)
    chosen = (words % np.uint64(len(images))).astype(np.int64).reshape(count, 4)
    large = images.repeat(2, axis=1).repeat(2, axis=2)
    scenes = np.zeros((count, 36, 36, 1), np.uint8)
    for place, (row, column) in enumerate(((0, 0), (0, 20), (20, 0), (20, 20))):
        scenes[:, row : row + 16, column : column + 16] = large[chosen[:, place]]
    return Samples(scenes, objects([_sentence(row) for row in labels[chosen]]))


def _sentence(numbers: np.ndarray) -> str:
    a, b, c, d = (NAMES[number] for number in numbers)
    return f"{a} and {b} above {c} and {d}"

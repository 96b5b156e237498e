"""Scenes of digits, and what is said of them."""

import numpy as np
import pytest

from kerasdl.data import load, prepare
from kerasdl.data.digit_scenes import NAMES

pytestmark = pytest.mark.once


def test_a_scene_shows_the_digits_that_its_sentence_names():
    from sklearn.datasets import load_digits

    data = load("digit-scenes")
    assert (data.train.x.shape, data.test.x.shape) == ((8000, 36, 36, 1), (1000, 36, 36, 1))
    bunch = load_digits()
    known = {
        image.astype(np.uint8).tobytes(): n
        for image, n in zip(bunch.images, bunch.target, strict=True)
    }
    for part, low, high in ((data.train, 0, 1437), (data.test, 1437, 1797)):
        own = {image.astype(np.uint8).tobytes() for image in bunch.images[low:high]}
        for scene, sentence in zip(part.x[:50], part.y[:50], strict=True):
            cells = [scene[r : r + 16 : 2, c : c + 16 : 2, 0] for r in (0, 20) for c in (0, 20)]
            assert all(cell.tobytes() in own for cell in cells)
            a, b, c, d = (NAMES[known[cell.tobytes()]] for cell in cells)
            assert sentence == f"{a} and {b} above {c} and {d}"


def test_sentences_become_words():
    done = prepare(load("digit-scenes"))
    assert done.target.vocab_size == 4 + 12
    assert done.train.y.shape == (8000, 9)
    assert (done.train.y[:, 0] == 2).all()

import random

import keras
import numpy as np

from kerasdl.testing.seeding import seeded


def draws():
    weight = keras.initializers.RandomNormal()(())
    return random.random(), np.random.random(), float(weight)


def test_seeded_repeats_what_is_drawn_inside():
    with seeded(3):
        first = draws()
    with seeded(3):
        second = draws()
    with seeded(4):
        third = draws()
    assert first == second
    assert not set(first) & set(third)


def test_seeded_puts_back_what_was_drawn_outside():
    random.seed(7)
    np.random.seed(7)
    expected = [random.random(), np.random.random(), random.random(), np.random.random()]
    random.seed(7)
    np.random.seed(7)
    found = [random.random(), np.random.random()]
    with seeded():
        draws()
    assert [*found, random.random(), np.random.random()] == expected

"""The same initial weights each time, without touching anybody else's random numbers."""

import contextlib
import random
from collections.abc import Iterator

import numpy as np


@contextlib.contextmanager
def seeded(seed: int = 0) -> Iterator[None]:
    """Seeds what Keras takes the seeds of initializers and layers from; puts it back afterwards.

    `keras.utils.set_random_seed` would do it too, but it also imports TensorFlow, where that is
    installed, under every backend.
    """
    python, numpy = random.getstate(), np.random.get_state()
    random.seed(seed)
    np.random.seed(seed)
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)

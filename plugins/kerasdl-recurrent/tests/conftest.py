"""The backend is chosen before a test imports Keras."""

import pytest

import kerasdl.backend

kerasdl.backend.use()


@pytest.fixture
def rng():
    import numpy as np

    return np.random.default_rng(20260102)


@pytest.fixture(autouse=True)
def seeded():
    import keras

    keras.utils.set_random_seed(7)

import keras
import pytest


@pytest.fixture
def plain():
    """A tensor as a NumPy array."""
    return keras.ops.convert_to_numpy

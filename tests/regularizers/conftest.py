"""What the regularizers' tests share."""

import keras
import numpy as np
import pytest

from kerasdl.backend.gradients import value_and_gradients


@pytest.fixture
def plain():
    """`plain(tensor)`: the tensor as a NumPy array."""
    return lambda tensor: np.asarray(keras.ops.convert_to_numpy(tensor))


@pytest.fixture
def gradient(plain):
    """`gradient(function, values)`: the gradient of a scalar function of one float32 weight."""

    def compute(function, values):
        weight = keras.Variable(values, dtype="float32")
        _, (result,) = value_and_gradients(lambda: function(weight.value), [weight])
        return plain(result)

    return compute


@pytest.fixture
def reloaded(tmp_path):
    """`reloaded(model)`: the model after a `.keras` file."""

    def load(model):
        model.save(tmp_path / "model.keras")
        return keras.saving.load_model(tmp_path / "model.keras")

    return load

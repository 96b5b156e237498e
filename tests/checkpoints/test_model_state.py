import keras
import numpy as np
import pytest

from kerasdl.checkpoints.model_state import model_arrays, restore_model
from kerasdl.errors import UserError


def compiled(units=3, optimizer="adam"):
    layers = [keras.layers.Dense(units), keras.layers.Dropout(0.5)]
    model = keras.Sequential([keras.Input((2,)), *layers])
    model.compile(optimizer, "mse")
    model.optimizer.build(model.trainable_variables)
    return model


def test_seeds_optimizer_and_weights_are_copies():
    model = compiled()
    arrays = model_arrays(model)
    shapes = [array.shape for name, array in arrays.items() if name.startswith("model/")]
    assert shapes == [(2, 3), (3,), (2,)]  # the last is the seed of the dropout
    before = {name: array.copy() for name, array in arrays.items()}
    model.fit(np.ones((4, 2)), np.zeros((4, 3)), verbose=0)
    for name, array in arrays.items():
        np.testing.assert_array_equal(array, before[name], name)
    restore_model(model, arrays, metrics=False)
    for name, array in model_arrays(model).items():
        if not name.startswith("metrics/"):
            np.testing.assert_array_equal(array, before[name], name)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (lambda: compiled(units=4), r"of shape \(2, 3\), where this model has \(2, 4\)"),
        (lambda: compiled(optimizer="sgd"), "variables of its optimizer, where"),
    ],
)
def test_another_model_is_refused_and_left_as_it_was(other, message):
    arrays = model_arrays(compiled())
    model = other()
    before = model_arrays(model)
    with pytest.raises(UserError, match=message):
        restore_model(model, arrays, metrics=False)
    for name, array in model_arrays(model).items():
        np.testing.assert_array_equal(array, before[name])

"""What the losses' tests share."""

import keras
import numpy as np
import pytest

from kerasdl.backend.gradients import value_and_gradients


@pytest.fixture
def value_and_slope():
    """`value_and_slope(loss, y_true, y_pred)`: the loss and its gradient by the predictions."""

    def evaluate(loss, y_true, y_pred, **kwargs):
        variable = keras.Variable(np.asarray(y_pred, "float32"))
        value, (slope,) = value_and_gradients(
            lambda: loss(y_true, variable.value, **kwargs), [variable]
        )
        return float(keras.ops.convert_to_numpy(value)), keras.ops.convert_to_numpy(slope)

    return evaluate

import keras
import numpy as np
import pytest

from kerasdl.backend.gradients import has_float64
from kerasdl.testing.precision import converted, precision


@pytest.mark.parametrize(
    "policy, floatx, compute",
    [("mixed_bfloat16", "float32", "bfloat16"), ("float64", "float64", "float64")],
)
def test_precision_when_entered_and_left(policy, floatx, compute):
    with precision(policy):
        assert keras.config.floatx() == floatx
        assert keras.layers.Dense(2).compute_dtype == compute
    assert keras.config.floatx() == "float32"
    assert keras.layers.Dense(2).compute_dtype == "float32"


def test_precision_when_an_error_is_raised():
    with pytest.raises(KeyError), precision("float16"):
        raise KeyError("inside")
    assert (keras.config.floatx(), keras.config.dtype_policy().name) == ("float32", "float32")


def test_converted_when_functional():
    if not has_float64():
        pytest.skip("JAX computes in float64 only where JAX_ENABLE_X64 is set")
    inputs = keras.Input((4,))
    x = keras.layers.Dense(3, dtype="float32")(inputs)
    model = keras.Model(inputs, keras.layers.LayerNormalization()(x))
    copy = converted(model, "float64")
    assert {variable.dtype for variable in copy.variables} == {"float64"}
    assert {variable.dtype for variable in model.variables} == {"float32"}
    assert copy.inputs[0].dtype == "float64"
    copy.set_weights(model.get_weights())
    x = np.random.default_rng(0).normal(size=(2, 4))
    kernel, bias = (weight.astype("float64") for weight in model.get_weights()[:2])
    y = x @ kernel + bias
    y = (y - y.mean(-1, keepdims=True)) / np.sqrt(y.var(-1, keepdims=True) + 1e-3)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(copy(x)), y, atol=1e-6)


def test_converted_when_a_layer_holds_others():
    layer = keras.layers.Bidirectional(keras.layers.LSTM(2, dtype="float32"))
    copy = converted(layer, "float16")
    assert copy.compute_dtype == "float16"
    assert copy.forward_layer.compute_dtype == "float16"
    assert layer.forward_layer.compute_dtype == "float32"

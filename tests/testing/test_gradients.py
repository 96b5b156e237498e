import os
import subprocess
import sys

import keras
import numpy as np
import pytest

from kerasdl.backend.gradients import has_float64
from kerasdl.errors import UserError
from kerasdl.testing import check_gradients, gradcheck_model
from kerasdl.testing.seeding import seeded

ops = keras.ops
register = keras.saving.register_keras_serializable(package="kerasdl_tests_gradients")


@ops.custom_gradient
def wrong_square(x):
    def grad(*args, upstream=None):
        upstream = args[0] if upstream is None else upstream
        return upstream * 3.0 * x  # 2 x would be right

    return ops.square(x), grad


@register
class WrongDense(keras.layers.Dense):
    """A dense layer whose kernel's gradient is 1.5 times too large."""

    def call(self, inputs, training=None):
        return ops.matmul(inputs, wrong_square(ops.convert_to_tensor(self.kernel))) + self.bias


def model_of(*layers):
    with seeded(3):
        return keras.Sequential([keras.Input((4,)), *layers])


X = np.random.default_rng(5).normal(size=(3, 4))
LABELS = np.array([0, 1, 1])


def test_check_gradients_when_a_function_is_right():
    report = check_gradients(lambda x, y: ops.exp(x) * y, [X, X + 1])
    assert report.ok
    assert [(row.parameter, row.shape) for row in report.rows] == [
        ("inputs[0]", (3, 4)),
        ("inputs[1]", (3, 4)),
    ]
    assert report.dtype == ("float64" if has_float64() else "float32")


def test_check_gradients_when_a_scalar_is_worked_out_by_hand():
    report = check_gradients(lambda x: ops.sum(x**3), np.array([2.0]))
    assert report.worst.analytic == pytest.approx(12.0, rel=1e-6)
    assert report.worst.numeric == pytest.approx(12.0, rel=1e-4)


def test_check_gradients_when_a_wrong_gradient_is_planted():
    with pytest.raises(
        AssertionError, match=r"inputs\[0\] \(1,\) at \(0,\): analytic 6, numeric 4"
    ):
        check_gradients(lambda x: ops.sum(wrong_square(x)), np.array([2.0]))


def test_check_gradients_when_a_gradient_is_missing():
    with pytest.raises(AssertionError, match="analytic 0, numeric 4"):
        check_gradients(lambda x: ops.sum(ops.square(ops.stop_gradient(x))), np.array([2.0]))


def test_check_gradients_when_one_entry_of_many_is_wrong():
    wrong = np.ones(50)
    wrong[37] = 1.5

    @ops.custom_gradient
    def product(x):
        def grad(*args, upstream=None):
            upstream = args[0] if upstream is None else upstream
            return upstream * ops.convert_to_tensor(wrong, dtype=x.dtype)

        return x * 1.0, grad

    values = np.linspace(-1.0, 1.0, 50)
    with pytest.raises(AssertionError, match=r"at \(37,\)"):
        check_gradients(lambda x: ops.sum(product(x)), values, samples_per_parameter=None)


def test_check_gradients_when_a_layer_draws_in_training():
    layer = model_of(keras.layers.Dense(5), keras.layers.Dropout(0.5), keras.layers.Dense(2))
    before = [ops.convert_to_numpy(variable) for variable in layer.variables]
    assert check_gradients(layer, X, training=True).ok
    for variable, value in zip(layer.variables, before, strict=True):
        np.testing.assert_array_equal(ops.convert_to_numpy(variable), value)


def test_check_gradients_when_a_kink_is_near():
    # 0.001 lies within a float32 step of ReLU's kink, but not within the shorter second step.
    assert check_gradients(ops.relu, np.array([0.0011, -2.0, 3.0])).ok


def test_check_gradients_when_the_input_is_given_by_name():
    layer = keras.layers.MultiHeadAttention(1, 2)
    inputs = {"query": X[:, None], "value": X[:, None] + 1}
    layer(**{name: ops.convert_to_tensor(value, "float32") for name, value in inputs.items()})
    assert check_gradients(layer, inputs).ok


def test_check_gradients_when_a_model_takes_a_dictionary():
    first, second = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    joined = keras.layers.Concatenate()([first, second])
    model = keras.Model({"a": first, "b": second}, keras.layers.Dense(2)(joined))
    report = check_gradients(model, {"a": X, "b": X + 1})
    assert [row.shape for row in report.rows] == [(8, 2), (2,), (3, 4), (3, 4)]


def test_check_gradients_when_a_part_is_narrower():
    if not has_float64():
        pytest.skip("JAX computes in float64 only where JAX_ENABLE_X64 is set")
    narrow = check_gradients(lambda x: ops.exp(ops.cast(ops.exp(x), "float32")), X)
    assert (narrow.dtype, narrow.epsilon) == ("float32", 1e-2)
    assert check_gradients(ops.exp, X).dtype == "float64"
    assert check_gradients(ops.exp, X, dtype="float32").dtype == "float32"


def test_check_gradients_when_arguments_are_wrong():
    with pytest.raises(UserError, match="`component` must be a layer, a model or a function"):
        check_gradients(3, X)
    with pytest.raises(UserError, match="`dtype` must be one of float64, float32"):
        check_gradients(ops.tanh, X, dtype="float16")


def test_gradcheck_model_when_right():
    model = model_of(keras.layers.Dense(3, "tanh", name="a"), keras.layers.Dense(2, name="b"))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    report = gradcheck_model(model, X, LABELS, loss)
    assert report.ok
    names = [variable.path for variable in model.trainable_variables]
    assert [row.parameter for row in report.rows] == names


def test_gradcheck_model_when_worked_out_by_hand():
    model = model_of(keras.layers.Dense(1, use_bias=False, name="only"))
    (kernel,) = model.trainable_variables
    y = np.array([[1.0], [-1.0], [0.5]])
    (row,) = gradcheck_model(model, X, y, "mse", samples_per_parameter=None).rows
    expected = 2 / 3 * X.T @ (X @ ops.convert_to_numpy(kernel).astype("float64") - y)
    assert row.analytic == pytest.approx(expected[row.index], rel=1e-4)
    assert row.numeric == pytest.approx(expected[row.index], rel=2e-3)


def test_gradcheck_model_when_one_layer_is_wrong():
    model = model_of(WrongDense(3, name="wrong"), keras.layers.Dense(2, name="right"))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    report = gradcheck_model(model, X, LABELS, loss)
    (bad,) = (row for row in report.rows if not row.ok)
    assert bad.parameter.endswith("wrong/kernel")
    assert bad.analytic == pytest.approx(1.5 * bad.numeric, rel=0.05)


CODE = """
from kerasdl.backend.gradients import has_float64
import keras, numpy as np
from kerasdl.testing import check_gradients, gradcheck_model
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, "sigmoid"), keras.layers.Dense(2)])
x = np.random.default_rng(0).normal(size=(3, 4))
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
report = gradcheck_model(model, x, np.array([0, 1, 1]), loss)
print(report.worst.error, check_gradients(model, x).dtype, model.compute_dtype)
print(has_float64())
"""


@pytest.mark.long
@pytest.mark.skipif(keras.backend.backend() != "jax", reason="the others always have float64")
def test_gradcheck_model_when_jax_has_float64():
    result = subprocess.run(
        [sys.executable, "-c", CODE],
        env={**os.environ, "KERAS_BACKEND": "jax", "JAX_ENABLE_X64": "1"},
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert result.returncode == 0, result.stderr
    error, dtype, kept, wide = result.stdout.split()
    assert float(error) < 1e-6
    assert (dtype, kept, wide) == ("float64", "float32", "True")

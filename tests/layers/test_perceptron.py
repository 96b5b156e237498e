"""The perceptron and its two-valued activations."""

import keras
import numpy as np
import pytest

from kerasdl.layers import Perceptron, hard_sign, hard_threshold
from kerasdl.testing import check_layer


def _half_squared_error(y_true, y_pred):
    return keras.ops.sum(keras.ops.square(y_true - y_pred), axis=-1) / 2


@pytest.mark.parametrize(("activation", "low"), [(hard_threshold, 0.0), (hard_sign, -1.0)])
def test_activations_take_two_values_exactly(plain, activation, low):
    x = np.array([-1e9, -1.5, -0.1, 0.0, 0.1, 1.5, 1e9], "float32")
    np.testing.assert_array_equal(plain(activation(x)), [low, low, low, 1, 1, 1, 1])


@pytest.mark.parametrize(
    ("activation", "slopes"), [(hard_threshold, [1, 1, 1, 1]), (hard_sign, [0, 1, 1, 0])]
)
def test_gradients_pass_straight_through(activation, slopes):
    """One step of SGD on weights that are the inputs moves each by its slope."""
    x = np.array([[-1.5, -0.5, 0.5, 1.5]], "float32")
    layer = keras.layers.Embedding(1, 4)
    layer.build((1,))
    layer.set_weights([x])
    model = keras.Sequential([keras.Input((), dtype="int32"), layer])
    model.add(keras.layers.Activation(activation))
    model.compile(keras.optimizers.SGD(1.0), lambda t, y: keras.ops.sum(y, axis=-1))
    model.train_on_batch(np.zeros(1, "int32"), np.zeros((1, 4), "float32"))
    np.testing.assert_allclose(x - layer.get_weights()[0], [slopes], atol=1e-6)


def test_activations_survive_serialization():
    for activation in (hard_threshold, hard_sign):
        config = keras.activations.serialize(activation)
        assert keras.activations.get(config) is activation


def test_sgd_on_half_the_squared_error_is_the_perceptron_rule(array):
    """Example by example, against the rule in NumPy float64."""
    generator = np.random.default_rng(2)
    x = array(40, 3)
    t = (x @ np.array([1.0, -2.0, 0.5]) + 0.3 > 0).astype("float32")[:, None]
    model = keras.Sequential([keras.Input((3,)), Perceptron(1)])
    model.compile(keras.optimizers.SGD(0.1), _half_squared_error)
    w, b, mistakes = np.zeros(3), 0.0, 0
    for n in generator.permutation(np.tile(np.arange(40), 3)):
        error = t[n, 0] - (x[n].astype("float64") @ w + b >= 0)
        w, b, mistakes = w + 0.1 * error * x[n], b + 0.1 * error, mistakes + abs(error)
        model.train_on_batch(x[n : n + 1], t[n : n + 1])
    kernel, bias = model.get_weights()
    assert mistakes > 5
    np.testing.assert_allclose(kernel[:, 0], w, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(bias, b, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("truth", [[0, 0, 0, 1], [0, 1, 1, 1]])
def test_learns_and_and_or(truth):
    x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], "float32")
    t = np.array(truth, "float32")[:, None]
    model = keras.Sequential([keras.Input((2,)), Perceptron(1)])
    model.compile(keras.optimizers.SGD(1.0), _half_squared_error)
    model.fit(x, t, batch_size=1, epochs=12, verbose=0)
    np.testing.assert_array_equal(np.asarray(model.predict(x, verbose=0)), t)


def test_equals_the_formula(array):
    check_layer(
        lambda: Perceptron(2),
        array(4, 3),
        reference=lambda w, x: (x @ w["kernel"] + w["bias"] >= 0) * 1.0,
        only=["matches_reference"],
    )


def test_refuses_zero_units():
    with pytest.raises(ValueError, match="units"):
        Perceptron(0)

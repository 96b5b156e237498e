import keras
import numpy as np
import pytest

from kerasdl import create_model
from kerasdl.errors import UserError
from kerasdl.layers import hard_sign, hard_threshold

X = np.array([-3.0, -1.5, -0.75, -0.25, 0.0, 0.3, 0.9, 1.25, 4.0])

FORMULAS = {
    "relu": lambda x: np.maximum(x, 0),
    "leaky_relu": lambda x: np.where(x >= 0, x, 0.2 * x),
    "tanh": np.tanh,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "softplus": lambda x: np.log1p(np.exp(x)),
    "exponential": np.exp,
    "elu": lambda x: np.where(x >= 0, x, np.exp(x) - 1),
    "silu": lambda x: x / (1 + np.exp(-x)),
    "linear": lambda x: x,
    "hard_sign": lambda x: np.where(x >= 0, 1.0, -1.0),
    "hard_threshold": lambda x: np.where(x >= 0, 1.0, 0.0),
}


def through(name):
    """The hidden layer's output for each value of X, by a model whose weights are 1."""
    model = create_model(
        "mlp",
        input_shape=(1,),
        outputs=1,
        widths=(1,),
        activation=name,
        kernel_initializer="ones",
    )
    return keras.ops.convert_to_numpy(model(X[:, None].astype("float32")))[:, 0]


@pytest.mark.parametrize("name", FORMULAS)
def test_activation_is_its_formula(name):
    np.testing.assert_allclose(through(name), FORMULAS[name](X), rtol=2e-6, atol=1e-6)


def test_gelu_is_the_exact_one():
    special = pytest.importorskip("scipy.special")
    np.testing.assert_allclose(through("gelu"), X * special.ndtr(X), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("function, low", [(hard_sign, -1.0), (hard_threshold, 0.0)])
def test_hard_activations_take_two_values_exactly(function, low, rng):
    x = np.concatenate([rng.normal(size=1000), rng.normal(size=1000) * 1e6]).astype("float32")
    y = keras.ops.convert_to_numpy(function(keras.ops.convert_to_tensor(x)))
    assert set(y.tolist()) == {low, 1.0}


@pytest.mark.parametrize(
    "function, slope",
    [
        (hard_sign, lambda z: (np.abs(z) <= 1).astype("float64")),
        (hard_threshold, np.ones_like),
    ],
)
def test_hard_activations_pass_the_gradient_straight_through(function, slope, rng):
    """One SGD step on `mean(y * c)` moves the kernel by minus the mean of `c * slope(x) * x`."""
    x = np.array([[-2.0], [-0.5], [0.25], [0.75], [3.0]])
    c = rng.normal(size=(5, 1))
    layer = keras.layers.Dense(1, activation=function, use_bias=False, kernel_initializer="ones")
    model = keras.Sequential([keras.Input((1,)), layer])
    model.compile(keras.optimizers.SGD(1.0), loss=lambda t, y: keras.ops.mean(t * y, axis=-1))
    model.train_on_batch(x.astype("float32"), c.astype("float32"))
    expected = 1.0 - np.mean(c * slope(x) * x)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(layer.kernel)[0, 0], expected, rtol=1e-5)


def test_every_activation_of_keras_can_be_named():
    unusable = {"get", "serialize", "deserialize", "threshold"}  # threshold needs arguments
    for name in dir(keras.activations):
        if not name.startswith("_") and name not in unusable:
            create_model("mlp", input_shape=(3,), outputs=2, widths=(4,), activation=name)


@pytest.mark.parametrize(
    "field, value, hint",
    [
        ("activation", "leaky-relu", "'leaky_relu'"),
        ("activation", "hardsign", "'hard_sign'"),
        ("activation", "threshold", "Did you mean 'hard_threshold'"),
        ("activation", "deserialize", "hard_sign"),
        ("output_activation", "sofmax", "'softmax'"),
        ("kernel_initializer", "he_norm", "'he_normal'"),
        ("kernel_initializer", "constant", "needs no arguments"),
        ("bias_initializer", "zeroes", "'zeros'"),
    ],
)
def test_unknown_name_is_an_error_that_says_so(field, value, hint):
    with pytest.raises(UserError) as error:
        create_model("mlp", input_shape=(3,), outputs=2, **{field: value})
    assert f"`{field}`" in str(error.value)
    assert f"{field}={value!r}" in str(error.value)
    assert hint in str(error.value)

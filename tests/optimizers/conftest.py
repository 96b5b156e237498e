"""Small problems with their gradients written out by hand in float64, and runs on them."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest

from kerasdl.optimizers import to_rest

CURVATURE = np.array([[2.0, 0.3, 0.0], [0.3, 1.0, -0.2], [0.0, -0.2, 0.5]])
CENTRE = np.array([1.0, -0.5, 2.0])


class Point(keras.layers.Layer):
    """A vector of weights, repeated for each example: what is trained is the vector alone."""

    def __init__(self, start, constraint=None, **kwargs):
        super().__init__(**kwargs)
        self.start, self.limit = start, constraint

    def build(self, input_shape):
        self.point = self.add_weight(
            shape=(len(self.start),), name="point", constraint=self.limit, initializer="zeros"
        )
        self.point.assign(np.asarray(self.start, "float32"))

    def call(self, inputs):
        return inputs[:, :1] * 0 + self.point


def quadratic_loss(y_true, y_pred):
    offset = y_pred - keras.ops.convert_to_tensor(CENTRE, "float32")
    curved = keras.ops.matmul(offset, keras.ops.convert_to_tensor(CURVATURE, "float32"))
    return keras.ops.sum(offset * curved, axis=-1) / 2


def quadratic_gradient(point, step=None):
    return [CURVATURE @ (point[0] - CENTRE)]


def rosenbrock_loss(y_true, y_pred):
    a, b = y_pred[:, 0], y_pred[:, 1]
    return (1 - a) ** 2 + 100 * (b - a**2) ** 2


def rosenbrock_gradient(point, step=None):
    a, b = point[0]
    return [np.array([-2 * (1 - a) - 400 * a * (b - a**2), 200 * (b - a**2)])]


def network_loss(weights, x, y):
    """Mean squared error of `tanh(x A + a) B + b`, and its gradients."""
    first, first_bias, second, second_bias = weights
    hidden = np.tanh(x @ first + first_bias)
    error = hidden @ second + second_bias - y
    slope = 2 * error / error.size
    back = (slope @ second.T) * (1 - hidden**2)
    gradients = [x.T @ back, back.sum(0), hidden.T @ slope, slope.sum(0)]
    return float((error**2).mean()), gradients


def textbook_nesterov(start, gradient, steps, *, rate, momentum, first_at_weights=()):
    """The weights after each step; `first_at_weights` are steps whose gradient is taken there."""
    weights = [np.asarray(w, "float64") for w in start]
    velocities = [np.zeros_like(w) for w in weights]
    path = []
    for step in range(steps):
        lead = 0.0 if step in first_at_weights else momentum
        ahead = [w - lead * v for w, v in zip(weights, velocities, strict=True)]
        gradients = gradient(ahead, step)
        velocities = [momentum * v + rate * g for v, g in zip(velocities, gradients, strict=True)]
        weights = [w - v for w, v in zip(weights, velocities, strict=True)]
        path.append(weights)
    return path


@pytest.fixture
def problems():
    """Losses for `point_model`, gradients by hand, and the textbook's Nesterov."""
    return SimpleNamespace(
        quadratic=SimpleNamespace(
            loss=quadratic_loss, gradient=quadratic_gradient, start=[3.0, 2.0, -1.0], rate=0.05
        ),
        rosenbrock=SimpleNamespace(
            loss=rosenbrock_loss, gradient=rosenbrock_gradient, start=[-1.2, 1.0], rate=5e-4
        ),
        network_loss=network_loss,
        nesterov=textbook_nesterov,
    )


@pytest.fixture
def point_model():
    """`point_model(start, loss, optimizer)`: a compiled model whose weights are one vector."""

    def make(start, loss, optimizer, constraint=None, **compiled):
        inputs = keras.Input((1,))
        model = keras.Model(inputs, Point(start, constraint, name="layer")(inputs))
        model.compile(optimizer, loss=loss, **compiled)
        return model

    return make


@pytest.fixture
def network():
    """`network(optimizer)`: a compiled model of 13 weights, the same ones each time."""

    def make(optimizer, **compiled):
        inputs = keras.Input((2,))
        hidden = keras.layers.Dense(3, activation="tanh", name="hidden")(inputs)
        model = keras.Model(inputs, keras.layers.Dense(1, name="head")(hidden))
        generator = np.random.default_rng(7)
        model.set_weights([generator.normal(size=v.shape) for v in model.weights])
        model.compile(optimizer, loss="mse", **compiled)
        return model

    return make


@pytest.fixture
def examples():
    """`examples(count)`: inputs and targets of `network`."""

    def make(count):
        generator = np.random.default_rng(11)
        x = generator.normal(size=(count, 2)).astype("float32")
        return x, (np.sin(x[:, :1]) + 0.5 * x[:, 1:]).astype("float32")

    return make


def _arrays(variables):
    return [np.array(keras.ops.convert_to_numpy(v)) for v in variables]


@pytest.fixture
def arrays():
    """NumPy copies of variables."""
    return _arrays


@pytest.fixture
def steps():
    """`steps(optimizer, start, gradients)`: the weights at rest after each eager update.

    `gradients` holds a list of arrays for each call of `apply`, or is a function of the weights
    that the variables hold.
    """

    def run(optimizer, start, gradients, constraint=None):
        variables = [
            keras.Variable(np.asarray(w, "float32"), name=f"w{i}") for i, w in enumerate(start)
        ]
        for variable in variables:
            variable.constraint = constraint
        path = []
        for entry in gradients:
            values = entry(_arrays(variables)) if callable(entry) else entry
            optimizer.apply([keras.ops.convert_to_tensor(g, "float32") for g in values], variables)
            training = _arrays([*variables, *optimizer.variables])
            to_rest(optimizer)
            path.append(_arrays(variables))
            for variable, value in zip([*variables, *optimizer.variables], training, strict=True):
                variable.assign(value)
        return path

    return run


@pytest.fixture
def gradients(rng):
    """`gradients(count)`: random gradients for a matrix and a vector."""

    def make(count):
        return [[rng.normal(size=(2, 3)), rng.normal(size=(3,))] for _ in range(count)]

    return make


@pytest.fixture
def start(rng):
    """A matrix and a vector."""
    return [rng.normal(size=(2, 3)), rng.normal(size=(3,))]


@pytest.fixture
def same():
    """Compares lists of arrays."""

    def check(actual, expected, rtol=2e-6, atol=2e-6):
        assert len(actual) == len(expected)
        for a, b in zip(actual, expected, strict=True):
            np.testing.assert_allclose(a, b, rtol=rtol, atol=atol)

    return check

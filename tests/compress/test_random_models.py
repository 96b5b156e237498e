"""Whatever the model and its zeros are: the same outputs, and never more parameters."""

import functools

import keras
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kerasdl.compress import dead_unit_report, remove_dead_units

pytestmark = pytest.mark.first

L = keras.layers
# random initial weights, which are replaced anyway, take longer than all the rest
Dense = functools.partial(L.Dense, kernel_initializer="zeros")
Conv2D = functools.partial(L.Conv2D, kernel_initializer="zeros")
SOME = settings(
    deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow], database=None
)
ACTIVATIONS = st.sampled_from([None, "relu", "sigmoid", "gelu", "leaky_relu"])
DENSE = st.tuples(st.integers(1, 5), ACTIVATIONS, st.booleans(), st.booleans())
CONVOLUTION = st.tuples(
    st.integers(1, 4),
    st.sampled_from(["valid", "same"]),
    st.integers(1, 2),
    ACTIVATIONS,
    st.booleans(),
    st.sampled_from([None, "max", "average", "pad", "norm"]),
)


def _between(kind):
    return {
        "max": lambda: L.MaxPooling2D(2, padding="same"),
        "average": lambda: L.AveragePooling2D(2, padding="same"),
        "pad": lambda: L.ZeroPadding2D(1),
        "norm": L.BatchNormalization,
    }[kind]()


def _dense_layers(specs):
    for units, activation, bias, norm in specs:
        yield Dense(units, activation=activation, use_bias=bias)
        if norm:
            yield L.BatchNormalization()


def _convolutions(specs):
    for filters, padding, stride, activation, bias, then in specs:
        yield Conv2D(filters, 2, stride, padding=padding, activation=activation, use_bias=bias)
        if then:
            yield _between(then)


def _plant(model, seed, share):
    """Random weights; columns, rows and single entries of them zero, and some biases."""
    rng = np.random.default_rng(seed)
    for variable in model.weights:
        values = rng.normal(size=variable.shape)
        if "variance" in variable.name:
            values = np.abs(values) + 0.1
        elif len(variable.shape) > 1:
            values[..., rng.random(values.shape[-1]) < share] = 0
            values[..., rng.random(values.shape[-2]) < share, :] = 0
            values[rng.random(values.shape) < share / 2] = 0
        elif variable.name in ("bias", "gamma"):
            values[rng.random(values.shape) < share / 2] = 0
        variable.assign(values)


def _check(model, seed, share):
    _plant(model, seed, share)
    smaller = remove_dead_units(model)
    x = np.random.default_rng(seed).normal(size=(3, *model.input_shape[1:])).astype("float32")
    expected, received = (keras.ops.convert_to_numpy(one(x)) for one in (model, smaller))
    scale = max(1.0, np.abs(expected).max())
    np.testing.assert_allclose(received / scale, expected / scale, rtol=0, atol=1e-5)
    assert smaller.count_params() <= model.count_params()
    for entry in dead_unit_report(model):
        left = entry.units - entry.removable
        assert smaller.get_layer(entry.name).kernel.shape[-1] == left >= 1
    # what could go has gone
    assert sum(entry.removable for entry in dead_unit_report(smaller)) == 0


def _check_dense(specs, seed, share):
    layers = [*_dense_layers(specs), Dense(2)]
    _check(keras.Sequential([keras.Input((3,)), *layers]), seed, share)


def _check_convolutions(specs, seed, share):
    layers = [*_convolutions(specs), L.Flatten(), Dense(2)]
    _check(keras.Sequential([keras.Input((8, 7, 2)), *layers]), seed, share)


SEEDS, SHARES = st.integers(0, 2**31), st.floats(0.1, 0.9)


@settings(SOME, max_examples=3)
@given(st.lists(DENSE, min_size=1, max_size=3), SEEDS, SHARES)
def test_random_perceptrons(specs, seed, share):
    _check_dense(specs, seed, share)


@settings(SOME, max_examples=2)
@given(st.lists(CONVOLUTION, min_size=1, max_size=2), SEEDS, SHARES)
def test_random_convolutional_networks(specs, seed, share):
    _check_convolutions(specs, seed, share)


@pytest.mark.long
@settings(SOME, max_examples=40)
@given(st.lists(DENSE, min_size=1, max_size=4), SEEDS, SHARES)
def test_more_random_perceptrons(specs, seed, share):
    _check_dense(specs, seed, share)


@pytest.mark.long
@settings(SOME, max_examples=40)
@given(st.lists(CONVOLUTION, min_size=1, max_size=2), SEEDS, SHARES)
def test_more_random_convolutional_networks(specs, seed, share):
    _check_convolutions(specs, seed, share)

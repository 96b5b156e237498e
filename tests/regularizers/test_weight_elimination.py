import keras
import numpy as np
import pytest

from kerasdl.errors import UserError
from kerasdl.regularizers import WeightElimination


@pytest.mark.parametrize(("strength", "scale"), [(1.0, 1.0), (1e-3, 0.02), (0.5, 30.0), (0.0, 2.0)])
def test_penalty_and_pull_are_those_of_the_closed_form(strength, scale, rng, gradient, plain):
    w = np.concatenate([rng.normal(size=16), scale * rng.normal(size=15), [0.0]])
    w = w.astype("float32").astype("float64").reshape(8, 4)
    regularizer = WeightElimination(strength, scale)
    penalty = strength * np.sum(w**2 / (scale**2 + w**2))
    pull = 2 * strength * w * scale**2 / (scale**2 + w**2) ** 2
    np.testing.assert_allclose(plain(regularizer(w.astype("float32"))), penalty, rtol=2e-6)
    np.testing.assert_allclose(gradient(regularizer, w), pull, rtol=1e-4, atol=1e-7 * strength)


def test_small_weights_feel_l2_and_large_ones_nothing(gradient):
    pull = gradient(WeightElimination(strength=1.0, scale=2.0), [1e-3, 1e4])
    np.testing.assert_allclose(pull[0], 2 * 1e-3 / 2.0**2, rtol=1e-5)
    assert 0 <= pull[1] < 1e-10


def test_pull_is_strongest_where_the_docstring_says(gradient):
    w = np.linspace(0.01, 3.0, 300)
    pull = gradient(WeightElimination(strength=1.0, scale=1.5), w)
    assert abs(w[np.argmax(pull)] - 1.5 / np.sqrt(3)) <= 0.01


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_narrow_weights_far_above_the_scale_count_one_each(dtype, plain):
    # (3 / 1e-3) ** 2 is beyond float16, and so is the number of weights
    w = keras.ops.full((300, 250), 3.0, dtype=dtype)
    penalty = plain(WeightElimination(strength=1.0, scale=1e-3)(w))
    np.testing.assert_allclose(penalty, 75_000, rtol=1e-5)


@pytest.mark.parametrize("policy", ["float16", "bfloat16", "mixed_float16", "mixed_bfloat16"])
def test_layer_of_narrow_policy_adds_the_penalty(policy, plain):
    regularizer = WeightElimination(strength=0.5, scale=1e-3)
    layer = keras.layers.Dense(
        2, dtype=policy, kernel_initializer="ones", kernel_regularizer=regularizer
    )
    layer.build((None, 3))
    (loss,) = layer.losses
    np.testing.assert_allclose(plain(loss), 0.5 * 6 / (1 + 1e-6), rtol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"strength": -0.5}, r"`strength` must be .* at least 0. Received: strength=-0.5"),
        ({"strength": float("nan")}, r"`strength` must be .*strength=nan"),
        ({"strength": float("inf")}, r"`strength` must be .*strength=inf"),
        ({"strength": "l2"}, r"`strength` must be .*strength='l2'"),
        ({"scale": 0}, r"`scale` must be .* greater than 0. Received: scale=0"),
        ({"scale": -1.0}, r"`scale` must be .*scale=-1.0"),
        ({"scale": float("nan")}, r"`scale` must be .*scale=nan"),
    ],
)
def test_arguments_are_refused_when_wrong(arguments, message):
    with pytest.raises(UserError, match=message):
        WeightElimination(**arguments)

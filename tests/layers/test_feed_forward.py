"""Position-wise networks and the residual block of dense layers against their formulas."""

import math

import numpy as np
import pytest

from kerasdl.errors import UserError
from kerasdl.layers import FeedForward, GatedFeedForward, LayerScale, ResidualMLPBlock
from kerasdl.testing import check_layer

FORMULA = ["matches_reference", "symbolic_matches_eager"]
ACTIVATIONS = {
    "silu": lambda x: x / (1 + np.exp(-x)),
    "gelu": lambda x: x * 0.5 * (1 + np.vectorize(math.erf)(x / math.sqrt(2))),
    "tanh": np.tanh,
}


def _dense(weights, name, x):
    return x @ weights[f"{name}/kernel"] + weights[f"{name}/bias"]


@pytest.mark.parametrize("shape", [(2, 3, 4), (2, 4), (2, 3, 2, 4)])
def test_plain_equals_the_formula(array, shape):
    f = ACTIVATIONS["gelu"]
    check_layer(
        lambda: FeedForward(6, output_size=5),
        array(*shape),
        reference=lambda w, x: _dense(w, "contract", f(_dense(w, "expand", x))),
        only=FORMULA,
    )


@pytest.mark.parametrize("activation", ["silu", "gelu"])
def test_gated_equals_the_formula(array, activation):
    def expected(w, x):
        gate, up = np.split(_dense(w, "expand", x), 2, axis=-1)
        return _dense(w, "contract", ACTIVATIONS[activation](gate) * up)

    check_layer(
        lambda: GatedFeedForward(6, activation, use_bias=True),
        array(2, 3, 4),
        reference=expected,
        only=FORMULA,
    )


def test_residual_mlp_equals_the_formula(array):
    def expected(w, z):
        return z + np.tanh(_dense(w, "second", np.tanh(_dense(w, "first", z))))

    check_layer(lambda: ResidualMLPBlock(5, "tanh"), array(3, 4), reference=expected, only=FORMULA)


def test_layer_scale_equals_the_formula(array):
    check_layer(
        lambda: LayerScale(0.5), array(2, 3, 4), reference=lambda w, x: x * w["gamma"], only=FORMULA
    )


def test_drops_hidden_values_in_training(array, plain):
    layer, inputs = FeedForward(50, dropout=0.5, seed=1), array(2, 3, 4)
    one, other = (plain(layer(inputs, training=True)) for _ in range(2))
    assert np.abs(one - other).max() > 1e-3


def test_says_what_is_wrong():
    with pytest.raises(UserError, match="`hidden_size` must be a positive integer"):
        FeedForward(0)
    with pytest.raises(UserError, match="`initial` must be greater than 0. Received: initial=0"):
        LayerScale(0)

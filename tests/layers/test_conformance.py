"""Every layer against the rules of the public kit.

The quick suite runs all rules on a few layers and the cheapest on the others; `make test-all` runs
all on all. What each layer computes is tested in the file of its name.
"""

import keras
import numpy as np
import pytest

from kerasdl import layers
from kerasdl.testing import check_layer

_RANDOM = np.random.default_rng(3)
CHEAP = [
    "registered",
    "arguments_in_config",
    "config_round_trip",
    "config_kept_by_build",
    "symbolic_matches_eager",
    "save_and_load",
    "clone",
]


def _array(*shape):
    return _RANDOM.normal(size=shape).astype("float32")


def _mask(*lengths):
    return np.arange(max(lengths))[None] < np.array(lengths)[:, None]


SEQUENCE, MEMORY, LENGTHS = _array(3, 4, 6), _array(3, 5, 8), np.array([5, 3, 1])
IMAGE = _array(2, 6, 5, 4)
MASKED = {"mask": _mask(4, 2, 1)}
CASES = {
    "AdditiveAttention": (
        lambda: layers.AdditiveAttention(4),
        (SEQUENCE, MEMORY),
        {"call_kwargs": {"lengths": LENGTHS}},
    ),
    "CharacterEncoder": (
        lambda: layers.CharacterEncoder(5, size=2, units=3),
        (np.array([[[1, 2, 3], [4, 0, 0]], [[2, 2, 0], [0, 0, 0]]]),),
        {"differentiable": False},
    ),
    "LuongAttention": (lambda: layers.LuongAttention(), (SEQUENCE, MEMORY), {}),
    "SoftImageAttention": (
        lambda: layers.SoftImageAttention(4, coverage=0.5),
        (SEQUENCE, _array(3, 2, 3, 7)),
        {},
    ),
    "HardImageAttention": (
        lambda: layers.HardImageAttention(4, seed=1),
        (SEQUENCE, _array(3, 2, 3, 7)),
        # What is drawn has no derivative; its log-probability is float32 under every policy.
        {"differentiable": False, "dtypes": ("float32",)},
    ),
    "ReinforceSurrogate": (
        lambda: layers.ReinforceSurrogate(),
        (_array(3, 4), _array(3)),
        {"differentiable": False, "output_dtype": "float32"},
    ),
    "MultiHeadAttention": (
        lambda: layers.MultiHeadAttention(2, positions="rotary", kv_heads=1, qk_norm=True),
        SEQUENCE[..., :4],
        MASKED,
    ),
    "MultiHeadCrossAttention": (
        lambda: layers.MultiHeadCrossAttention(2),
        (SEQUENCE, MEMORY),
        {"call_kwargs": {"lengths": LENGTHS}},
    ),
    "RotaryPositions": (lambda: layers.RotaryPositions(), _array(2, 3, 2, 4), {}),
    "SinusoidalPositions": (lambda: layers.SinusoidalPositions(), _array(2, 3, 5), {}),
    "LearnedPositions": (lambda: layers.LearnedPositions(4), _array(2, 4, 5), {}),
    "FeedForward": (lambda: layers.FeedForward(7), SEQUENCE, {}),
    "GatedFeedForward": (lambda: layers.GatedFeedForward(7, use_bias=True), SEQUENCE, {}),
    "TransformerEncoderBlock": (
        lambda: layers.TransformerEncoderBlock(2, 8, dropout=0.2, layer_scale=0.5),
        SEQUENCE,
        MASKED,
    ),
    "TransformerDecoderBlock": (
        lambda: layers.TransformerDecoderBlock(
            2, 8, cross_attention=True, norm_first=False, norm="rms", gated=True
        ),
        (SEQUENCE, MEMORY),
        {"call_kwargs": {"memory_lengths": LENGTHS}},
    ),
    "ResidualMLPBlock": (lambda: layers.ResidualMLPBlock(5, "tanh"), _array(3, 4), {}),
    "StochasticDepth": (lambda: layers.StochasticDepth(0.4, seed=2), SEQUENCE, {}),
    "LayerScale": (lambda: layers.LayerScale(0.3), SEQUENCE, {}),
    "SqueezeExcitation": (lambda: layers.SqueezeExcitation(2), IMAGE, {}),
    "BasicBlock": (
        lambda: layers.BasicBlock(6, stride=2, activation="elu", squeeze=2),
        IMAGE,
        {},
    ),
    "BottleneckBlock": (
        lambda: layers.BottleneckBlock(8, activation="elu", normalization="group"),
        IMAGE,
        {},
    ),
    "ResNeXtBlock": (
        lambda: layers.ResNeXtBlock(4, cardinality=2, activation="elu"),
        IMAGE,
        {},
    ),
    "PreActivationBlock": (
        lambda: layers.PreActivationBlock(6, stride=2, activation="elu", normalization="layer"),
        IMAGE,
        {},
    ),
    "PreActivationBottleneckBlock": (
        lambda: layers.PreActivationBottleneckBlock(4, activation="elu", normalization=None),
        IMAGE,
        {},
    ),
    "DenseBlock": (lambda: layers.DenseBlock(2, 3, activation="elu", dropout=0.1), IMAGE, {}),
    "DenseTransition": (lambda: layers.DenseTransition(activation="elu"), IMAGE, {}),
    "LSTM": (
        lambda: layers.LSTM(3, bidirectional=True, return_sequences=True),
        SEQUENCE,
        {"call_kwargs": {"lengths": np.array([4, 2, 0])}},
    ),
    "LSTM masked": (lambda: layers.LSTM(3, dropout=0.2), SEQUENCE, MASKED),
    "GRU": (lambda: layers.GRU(3, bidirectional=True, merge_mode="sum"), SEQUENCE, MASKED),
    "AttentionDecoderCell": (
        lambda: layers.AttentionDecoderCell(3, rnn="gru"),
        {"inputs": _array(3, 6), "states": [_array(3, 3), _array(3, 3)], "memory": MEMORY},
        {},
    ),
    "AttentionDecoder": (
        lambda: layers.AttentionDecoder(3, layers.AdditiveAttention(4, name="look")),
        (SEQUENCE, MEMORY),
        {"call_kwargs": {"lengths": LENGTHS}},
    ),
    "WeightDrop": (lambda: layers.WeightDrop(layers.GRU(3, name="gru"), 0.4, seed=1), SEQUENCE, {}),
    "WeightNormalization": (
        lambda: layers.WeightNormalization(keras.layers.Dense(3, name="dense")),
        SEQUENCE,
        {},
    ),
    "Perceptron": (
        lambda: layers.Perceptron(2),
        _array(3, 4),
        {"differentiable": False},
    ),
}
FULL = ["AdditiveAttention"]
SLOW = [  # made of the same parts as others
    "AttentionDecoderCell",
    "BottleneckBlock",
    "DenseBlock",
    "MultiHeadCrossAttention",
    "PreActivationBottleneckBlock",
    "ResNeXtBlock",
]


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.long] * (name in SLOW)) for name in CASES]
)
def test_follows_the_rules(name):
    make, inputs, arguments = CASES[name]
    check_layer(make, inputs, only=None if name in FULL else CHEAP, **arguments)


@pytest.mark.long
@pytest.mark.parametrize("name", [name for name in CASES if name not in FULL])
def test_follows_the_other_rules_too(name):
    make, inputs, arguments = CASES[name]
    check_layer(make, inputs, skip=CHEAP, **arguments)

"""Multiplicative attention against its formula."""

import numpy as np
import pytest

from kerasdl.errors import UserError
from kerasdl.layers import LuongAttention
from kerasdl.layers.reference import luong_attention
from kerasdl.testing import check_layer

LENGTHS = np.array([4, 2, 1])
KERNELS = {"dot": None, "general": "projection/kernel", "concat": "kernel"}


def _expected(score, weights, query, memory):
    w = None if score == "dot" else weights[KERNELS[score]]
    v = weights["score/kernel"][:, 0] if score == "concat" else None
    contexts, all_weights = [], np.zeros((*query.shape[:2], memory.shape[1]))
    for b, length in enumerate(LENGTHS):
        looks = [luong_attention(q, memory[b, :length], score, w, v) for q in query[b]]
        contexts.append([context for context, _ in looks])
        all_weights[b, :, :length] = [weights for _, weights in looks]
    return [np.array(contexts), all_weights]


@pytest.mark.parametrize("score", list(KERNELS))
def test_equals_the_formula(array, score):
    check_layer(
        lambda: LuongAttention(score, units=3 if score == "concat" else None),
        (array(3, 2, 5), array(3, 4, 5 if score == "dot" else 6)),
        reference=lambda w, q, m: _expected(score, w, q, m),
        call_kwargs={"lengths": LENGTHS, "return_weights": True},
        only=["matches_reference", "symbolic_matches_eager"],
    )


def test_takes_one_query(array, plain):
    layer, query, memory = LuongAttention("general"), array(2, 5), array(2, 4, 6)
    many = plain(layer(query[:, None], memory))
    assert layer(query, memory).shape == (2, 6)
    np.testing.assert_allclose(plain(layer(query, memory)), many[:, 0], rtol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"score": "scaled"}, "`score` must be one of 'dot', 'general', 'concat'"),
        ({"score": "concat"}, '`units` must be given for score="concat"'),
        ({"score": "dot", "units": 3}, '`units` must be given for score="concat"'),
    ],
)
def test_says_what_is_wrong_with_an_argument(arguments, message):
    with pytest.raises(UserError, match=message):
        LuongAttention(**arguments)


def test_names_the_axes_when_dot_gets_features_of_two_sizes(array):
    with pytest.raises(UserError, match=r"`memory` must have shape \(B, S, 5\).*\(2, 3, 4\)"):
        LuongAttention("dot")(array(2, 5), array(2, 3, 4))

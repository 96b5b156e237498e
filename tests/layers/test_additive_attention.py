"""Additive attention against its formula."""

import keras
import numpy as np
import pytest

from kerasdl.errors import UserError
from kerasdl.layers import AdditiveAttention
from kerasdl.layers.reference import additive_attention
from kerasdl.testing import check_layer

LENGTHS = np.array([5, 2, 1])


def _expected(weights, query, memory, lengths=None):
    w, u, v = (weights[f"{name}/kernel"] for name in ("query", "memory", "score"))
    rows = query[:, None] if query.ndim == 2 else query
    lengths = [memory.shape[1]] * len(memory) if lengths is None else lengths
    contexts, all_weights = [], np.zeros((*rows.shape[:2], memory.shape[1]))
    for b, length in enumerate(lengths):
        looks = [additive_attention(q, memory[b, :length], w, u, v[:, 0]) for q in rows[b]]
        contexts.append([context for context, _ in looks])
        all_weights[b, :, :length] = [weights for _, weights in looks]
    outputs = [np.array(contexts), all_weights]
    return [y[:, 0] for y in outputs] if query.ndim == 2 else outputs


def test_equals_the_formula_when_queries_are_many(array):
    check_layer(
        lambda: AdditiveAttention(4),
        (array(3, 2, 5), array(3, 5, 3)),
        reference=lambda w, q, m: _expected(w, q, m, LENGTHS),
        call_kwargs={"lengths": LENGTHS, "return_weights": True},
        only=["matches_reference", "symbolic_matches_eager"],
    )


def test_equals_the_formula_when_the_query_is_one(array):
    check_layer(
        lambda: AdditiveAttention(4),
        (array(3, 5), array(3, 5, 3)),
        reference=_expected,
        call_kwargs={"return_weights": True},
        only=["matches_reference", "symbolic_matches_eager"],
    )


def test_gives_zero_when_no_state_is_real(array, plain):
    context, weights = AdditiveAttention(4)(
        array(2, 5), array(2, 6, 3), lengths=np.array([0, 6]), return_weights=True
    )
    assert not plain(context)[0].any() and not plain(weights)[0].any()
    np.testing.assert_allclose(plain(weights)[1].sum(), 1, rtol=1e-6)


def test_reads_the_implicit_mask_of_the_memory(array, plain):
    tokens = np.array([[3, 1, 0, 0], [1, 2, 3, 4]])
    memory = keras.layers.Embedding(5, 3, mask_zero=True)(tokens)
    layer, query = AdditiveAttention(4), array(2, 5)
    masked = layer(query, memory)
    np.testing.assert_allclose(
        plain(masked), plain(layer(query, plain(memory), lengths=np.array([2, 4]))), rtol=1e-6
    )


def test_prepared_keys_give_the_same_when_attending_step_by_step(array, plain):
    layer, query, memory = AdditiveAttention(4), array(2, 3, 5), array(2, 6, 3)
    expected = plain(layer(query, memory))
    keys = layer.prepare(keras.ops.convert_to_tensor(memory))
    for t in range(3):
        context, _ = layer.attend(keras.ops.convert_to_tensor(query[:, t]), memory, keys)
        np.testing.assert_allclose(plain(context), expected[:, t], rtol=1e-5, atol=1e-6)


def test_names_the_axes_when_a_shape_does_not_fit(array):
    with pytest.raises(UserError, match=r"`memory` must have shape \(B, S, M\).*\(2, 3\)"):
        AdditiveAttention(4)(array(2, 5), array(2, 3))
    with pytest.raises(UserError, match="`units` must be a positive integer. Received: units=0"):
        AdditiveAttention(0)

"""Attention from one sequence to another against its formula."""

import keras
import numpy as np
import pytest

from kerasdl.errors import UserError
from kerasdl.layers import MultiHeadCrossAttention
from kerasdl.layers.reference import multi_head_attention
from kerasdl.testing import check_layer

LENGTHS = np.array([5, 2, 1])


def _expected(weights, inputs, memory):
    query = inputs @ weights["query/kernel"] + weights["query/bias"]
    query = query.reshape(*inputs.shape[:2], 4, 2)
    rows = memory @ weights["key_value/kernel"] + weights["key_value/bias"]
    key, value = np.split(rows.reshape(*memory.shape[:2], 4, 2), 2, axis=2)
    looks = [
        multi_head_attention(query[b], key[b], value[b], length=LENGTHS[b])
        for b in range(len(inputs))
    ]
    heads = np.stack([mean.reshape(len(mean), -1) for mean, _ in looks])
    output = heads @ weights["output/kernel"] + weights["output/bias"]
    return [output, np.stack([w for _, w in looks])]


def test_equals_the_formula(array):
    check_layer(
        lambda: MultiHeadCrossAttention(4, kv_heads=2),
        (array(3, 4, 8), array(3, 5, 6)),
        reference=_expected,
        call_kwargs={"lengths": LENGTHS, "return_weights": True},
        only=["matches_reference", "symbolic_matches_eager", "samples_independent"],
    )


def test_prepared_memory_gives_the_same(array, plain, compiled):
    layer, inputs, memory = MultiHeadCrossAttention(2), array(3, 4, 8), array(3, 5, 6)
    layer.build(inputs.shape, memory.shape)
    (expected, weights), whole, fast = compiled(
        lambda x, m, n: (
            layer(x, m, lengths=n, return_weights=True),
            layer(x, m),
            layer.step(x, layer.prepare(m)),
        )
    )(inputs, memory, LENGTHS)
    np.testing.assert_allclose(plain(fast), plain(whole), rtol=1e-5, atol=1e-6)
    prepared = compiled(layer.prepare)(memory, LENGTHS)
    step = compiled(lambda x, prepared: layer.step(x, prepared, return_weights=True))
    for t in range(4):
        output, look = step(inputs[:, t : t + 1], prepared)
        np.testing.assert_allclose(plain(output)[:, 0], plain(expected)[:, t], rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(
            plain(look)[:, :, 0], plain(weights)[:, :, t], rtol=1e-5, atol=1e-6
        )


def test_reads_the_implicit_mask_of_the_memory(array, plain):
    tokens = np.array([[3, 1, 0, 0], [1, 2, 3, 4]])
    memory = keras.layers.Embedding(5, 6, mask_zero=True)(tokens)
    layer, inputs = MultiHeadCrossAttention(2), array(2, 3, 8)
    lengths = layer(inputs, plain(memory), lengths=np.array([2, 4]))
    np.testing.assert_allclose(plain(layer(inputs, memory)), plain(lengths), rtol=1e-5, atol=1e-6)


def test_names_the_axes_when_a_shape_does_not_fit(array):
    with pytest.raises(UserError, match=r"`memory` must have shape \(B, S, M\).*\(2, 6\)"):
        MultiHeadCrossAttention(2)(array(2, 4, 8), array(2, 6))

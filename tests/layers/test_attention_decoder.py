"""The recurrent decoder with attention against its formula, and step by step."""

import keras
import numpy as np
import pytest

from kerasdl.errors import UserError
from kerasdl.layers import (
    AdditiveAttention,
    AttentionDecoder,
    AttentionDecoderCell,
    LuongAttention,
)
from kerasdl.layers.reference import luong_attention
from kerasdl.testing import check_layer

LENGTHS = np.array([4, 2])


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))


def _expected(weights, inputs, memory, feeding):
    """LSTM, general attention and combination, one example and one step at a time."""
    kernel, recurrent, bias = (
        weights[f"decoder_cell/cell/{name}"] for name in ("kernel", "recurrent_kernel", "bias")
    )
    attention = weights["decoder_cell/attention/projection/kernel"]
    combine = weights["decoder_cell/combine/kernel"]
    outputs, looks = [], np.zeros((2, inputs.shape[1], memory.shape[1]))
    for b, length in enumerate(LENGTHS):
        h = c = fed = np.zeros(3)
        for t, x in enumerate(inputs[b]):
            x = np.concatenate([x, fed]) if feeding else x
            i, f, g, o = np.split(x @ kernel + h @ recurrent + bias, 4)
            c = _sigmoid(f) * c + _sigmoid(i) * np.tanh(g)
            h = _sigmoid(o) * np.tanh(c)
            context, look = luong_attention(h, memory[b, :length], "general", attention)
            fed = np.tanh(np.concatenate([context, h]) @ combine)
            outputs.append(fed)
            looks[b, t, :length] = look
    return [np.reshape(outputs, (2, inputs.shape[1], 3)), looks]


@pytest.mark.parametrize("feeding", [True, False])
def test_equals_the_formula(array, feeding):
    check_layer(
        lambda: AttentionDecoder(3, input_feeding=feeding),
        (array(2, 5, 4), array(2, 4, 6)),
        reference=lambda w, x, m: _expected(w, x, m, feeding),
        call_kwargs={"lengths": LENGTHS, "return_weights": True},
        only=["matches_reference", "symbolic_matches_eager"],
    )


@pytest.mark.parametrize("rnn", ["lstm", "gru"])
def test_cached_steps_equal_the_whole_sequence(array, plain, compiled, rnn):
    decoder = AttentionDecoder(3, AdditiveAttention(4), rnn=rnn, output_size=5)
    inputs, memory = array(2, 5, 4), array(2, 4, 6)
    first = [array(2, 3) for _ in range(2 if rnn == "lstm" else 1)]
    decoder.build(inputs.shape, memory.shape)
    expected = plain(
        compiled(lambda x, m, n, s: decoder(x, m, lengths=n, initial_state=s))(
            inputs, memory, LENGTHS, first
        )
    )
    cache = decoder.initial_cache(memory, LENGTHS, first)
    assert all(array.shape[0] == 2 for array in keras.tree.flatten(cache))
    step = compiled(decoder.step)
    output, cache = step(inputs[:, :2], cache)
    parts = [plain(output)]
    for t in range(2, 5):
        output, cache = step(inputs[:, t : t + 1], cache)
        parts.append(plain(output))
    np.testing.assert_allclose(np.concatenate(parts, 1), expected, rtol=1e-5, atol=1e-6)


def test_cell_is_one_step_of_the_decoder(array, plain):
    decoder = AttentionDecoder(3, LuongAttention("dot"))
    inputs, memory = array(2, 2, 4), array(2, 4, 3)
    expected = plain(decoder(inputs, memory))
    states = decoder.cell.get_initial_state(2)
    for t in range(2):
        output, states, weights = decoder.cell(inputs[:, t], states, memory, return_weights=True)
        np.testing.assert_allclose(plain(output), expected[:, t], rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(plain(weights).sum(-1), 1, rtol=1e-5)


def test_reads_the_implicit_mask_of_the_memory(array, plain):
    tokens = np.array([[3, 1, 0, 0], [1, 2, 3, 4]])
    memory = keras.layers.Embedding(5, 6, mask_zero=True)(tokens)
    decoder, inputs = AttentionDecoder(3), array(2, 3, 4)
    expected = plain(decoder(inputs, plain(memory), lengths=np.array([2, 4])))
    np.testing.assert_allclose(plain(decoder(inputs, memory)), expected, rtol=1e-5, atol=1e-6)


def test_says_what_is_wrong(array):
    with pytest.raises(UserError, match="`rnn` must be one of 'lstm', 'gru'"):
        AttentionDecoderCell(3, rnn="rnn")
    with pytest.raises(UserError, match="`attention` must be an AdditiveAttention"):
        AttentionDecoderCell(3, attention=keras.layers.Attention())
    with pytest.raises(UserError, match=r"2 tensors of shape \(B, 3\). Received: 1"):
        AttentionDecoder(3)(array(2, 5, 4), array(2, 4, 6), initial_state=[array(2, 3)])
    with pytest.raises(UserError, match=r"`inputs` must have shape \(B, T, E\).*\(2, 4\)"):
        AttentionDecoder(3)(array(2, 4), array(2, 4, 6))

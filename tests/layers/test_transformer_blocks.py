"""The transformer's blocks against PyTorch's, and against themselves without a cache."""

import keras
import numpy as np
import pytest

from kerasdl.errors import UserError
from kerasdl.layers import TransformerDecoderBlock, TransformerEncoderBlock

LENGTHS = np.array([5, 2, 1])
DIM, HEADS, HIDDEN = 8, 2, 12


def _copy_attention(torch, theirs, query_key_value, output):
    (kernel, bias), (out_kernel, out_bias) = query_key_value, output
    theirs.in_proj_weight.copy_(torch.tensor(kernel.T))
    theirs.in_proj_bias.copy_(torch.tensor(bias))
    theirs.out_proj.weight.copy_(torch.tensor(out_kernel.T))
    theirs.out_proj.bias.copy_(torch.tensor(out_bias))


def _copy_dense(torch, theirs, ours):
    kernel, bias = ours.get_weights()
    theirs.weight.copy_(torch.tensor(kernel.T))
    theirs.bias.copy_(torch.tensor(bias))


def _copy_norm(torch, theirs, ours):
    gamma, beta = ours.get_weights()
    theirs.weight.copy_(torch.tensor(gamma))
    theirs.bias.copy_(torch.tensor(beta))


def _copy_block(torch, theirs, ours, branches):
    attention = ours.attention
    _copy_attention(
        torch,
        theirs.self_attn,
        attention.input_projection.get_weights(),
        attention.output_projection.get_weights(),
    )
    _copy_dense(torch, theirs.linear1, ours.feed_forward.expand)
    _copy_dense(torch, theirs.linear2, ours.feed_forward.contract)
    for number, branch in enumerate(branches, start=1):
        norm = ours._branches[branch]["norm"]
        _copy_norm(torch, getattr(theirs, f"norm{number}"), norm)


def _randomize(block, array):
    block.set_weights([array(*w.shape) * 0.5 for w in block.get_weights()])


@pytest.mark.parametrize("norm_first", [True, False])
def test_encoder_equals_pytorch(array, plain, norm_first):
    torch = pytest.importorskip("torch")
    inputs = array(3, 5, DIM)
    ours = TransformerEncoderBlock(HEADS, HIDDEN, norm_first=norm_first, activation="relu")
    ours.build(inputs.shape)
    _randomize(ours, array)
    theirs = torch.nn.TransformerEncoderLayer(
        DIM, HEADS, HIDDEN, dropout=0.0, batch_first=True, norm_first=norm_first
    )
    with torch.no_grad():
        _copy_block(torch, theirs, ours, ("attention", "feed_forward"))
        padding = torch.tensor(np.arange(5)[None] >= LENGTHS[:, None])
        expected = theirs.double()(
            torch.tensor(inputs, dtype=torch.float64), src_key_padding_mask=padding
        ).numpy()
    outputs = plain(ours(inputs, lengths=LENGTHS))
    for b, length in enumerate(LENGTHS):
        np.testing.assert_allclose(outputs[b, :length], expected[b, :length], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("norm_first", [True, False])
def test_decoder_equals_pytorch(array, plain, norm_first):
    torch = pytest.importorskip("torch")
    inputs, memory = array(3, 4, DIM), array(3, 5, DIM)
    ours = TransformerDecoderBlock(
        HEADS, HIDDEN, cross_attention=True, norm_first=norm_first, activation="relu"
    )
    ours.build(inputs.shape, memory.shape)
    _randomize(ours, array)
    theirs = torch.nn.TransformerDecoderLayer(
        DIM, HEADS, HIDDEN, dropout=0.0, batch_first=True, norm_first=norm_first
    )
    query, key_value = (
        layer.get_weights() for layer in (ours.cross.query_projection, ours.cross.memory_projection)
    )
    fused = [np.concatenate(pair, axis=-1) for pair in zip(query, key_value, strict=True)]
    with torch.no_grad():
        _copy_block(torch, theirs, ours, ("attention", "cross", "feed_forward"))
        _copy_attention(
            torch, theirs.multihead_attn, fused, ours.cross.output_projection.get_weights()
        )
        expected = theirs.double()(
            torch.tensor(inputs, dtype=torch.float64),
            torch.tensor(memory, dtype=torch.float64),
            tgt_mask=torch.triu(torch.ones(4, 4, dtype=torch.bool), 1),
            memory_key_padding_mask=torch.tensor(np.arange(5)[None] >= LENGTHS[:, None]),
        ).numpy()
    outputs = plain(ours(inputs, memory, memory_lengths=LENGTHS))
    np.testing.assert_allclose(outputs, expected, rtol=1e-4, atol=1e-5)


def test_padding_changes_nothing_in_the_encoder(array, plain, compiled):
    block = TransformerEncoderBlock(
        HEADS, HIDDEN, norm="rms", gated=True, positions="rotary", window=3, kv_heads=1
    )
    inputs = array(3, 5, DIM)
    block.build(inputs.shape)
    padded, masked = map(
        plain,
        compiled(lambda x, n, mask: (block(x, lengths=n), block(x, mask=mask)))(
            inputs, LENGTHS, np.arange(5)[None] < LENGTHS[:, None]
        ),
    )
    run = compiled(block)
    for b, length in enumerate(LENGTHS):
        alone = plain(run(inputs[b : b + 1, :length]))[0]
        np.testing.assert_allclose(padded[b, :length], alone, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(masked[b, :length], alone, rtol=1e-4, atol=1e-5)


def test_the_decoder_leaks_nothing_from_later_steps(array, plain, compiled):
    block, inputs = TransformerDecoderBlock(HEADS, HIDDEN), array(2, 6, DIM)
    changed = inputs.copy()
    changed[:, 3:] += 7
    block.build(inputs.shape)
    run = compiled(block)
    before, after = plain(run(inputs)), plain(run(changed))
    np.testing.assert_array_equal(before[:, :3], after[:, :3])


def test_cached_steps_equal_the_whole_sequence(array, plain, compiled):
    block = TransformerDecoderBlock(
        HEADS, HIDDEN, cross_attention=True, positions="rotary", kv_heads=1, window=4
    )
    inputs, memory = array(3, 6, DIM), array(3, 5, 7)
    block.build(inputs.shape, memory.shape)
    expected, weights = compiled(
        lambda x, m, n: block(x, m, memory_lengths=n, return_weights=True)
    )(inputs, memory, LENGTHS)
    assert weights["self"].shape == (3, HEADS, 6, 6) and weights["cross"].shape == (3, HEADS, 6, 5)
    cache = block.initial_cache(3, 7, memory, LENGTHS)
    assert all(array.shape[0] == 3 for array in keras.tree.flatten(cache))
    output, cache = compiled(lambda x, cache: block.step(x, cache, 0))(inputs[:, :2], cache)
    parts, step = [plain(output)], compiled(block.step)
    for t in range(2, 6):
        output, cache = step(
            inputs[:, t : t + 1], cache, keras.ops.convert_to_tensor(t, dtype="int32")
        )
        parts.append(plain(output))
    np.testing.assert_allclose(np.concatenate(parts, 1), plain(expected), rtol=1e-4, atol=1e-5)


def test_symbolic_shapes_are_those_of_the_outputs():
    inputs, memory = keras.Input((None, DIM)), keras.Input((None, 7))
    block = TransformerDecoderBlock(HEADS, HIDDEN, cross_attention=True)
    output, weights = block(inputs, memory, return_weights=True)
    assert output.shape == (None, None, DIM)
    assert weights["cross"].shape == (None, HEADS, None, None)


def test_branches_end_with_scale_and_depth(array, plain):
    """With a scale of nearly 0 the block is the identity, and so it is where branches are left."""
    inputs = array(40, 3, DIM)
    small = TransformerEncoderBlock(HEADS, HIDDEN, layer_scale=1e-7)
    np.testing.assert_allclose(plain(small(inputs)), inputs, atol=1e-5)
    deep = TransformerEncoderBlock(HEADS, HIDDEN, stochastic_depth=0.6, seed=1)
    changed = plain(deep(inputs, training=True)) != inputs
    share = 1 - changed.any((1, 2)).mean()
    assert 0.15 < share < 0.6  # 0.36 of the examples keep neither branch


def test_dropout_is_drawn_from_the_seed(array, plain):
    inputs = array(2, 3, DIM)
    twins = [TransformerEncoderBlock(HEADS, HIDDEN, dropout=0.5, seed=3) for _ in range(2)]
    for block in twins:
        block.build(inputs.shape)
    twins[1].set_weights(twins[0].get_weights())
    first, second = (plain(block(inputs, training=True)) for block in twins)
    assert np.abs(first - plain(twins[0](inputs))).max() > 1e-3
    np.testing.assert_allclose(first, second, rtol=1e-6)


def test_says_what_is_wrong(array):
    with pytest.raises(UserError, match="`norm` must be one of 'layer', 'rms'"):
        TransformerEncoderBlock(HEADS, HIDDEN, norm="batch")
    with pytest.raises(UserError, match=r"`inputs` must have shape \(B, T, D\)"):
        TransformerEncoderBlock(HEADS, HIDDEN)(array(2, 8))
    with pytest.raises(UserError, match="`memory` must be given"):
        TransformerDecoderBlock(HEADS, HIDDEN, cross_attention=True)(array(2, 3, DIM))
    with pytest.raises(UserError, match="cross_attention=False"):
        TransformerDecoderBlock(HEADS, HIDDEN)(array(2, 3, DIM), array(2, 3, DIM))

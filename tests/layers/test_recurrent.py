"""LSTM and GRU over right-padded sequences against PyTorch, Keras and unpadded runs."""

import keras
import numpy as np
import pytest

from kerasdl import layers
from kerasdl.backend import recurrent
from kerasdl.errors import UserError

LENGTHS = np.array([5, 3, 1, 0])
KINDS = {"LSTM": (layers.LSTM, 2), "GRU": (layers.GRU, 1)}


def _torch_twin(torch, layer, inputs_size):
    """PyTorch's layer with the same weights; its gates are reordered by hand for a GRU."""
    lstm = isinstance(layer, layers.LSTM)
    theirs = (torch.nn.LSTM if lstm else torch.nn.GRU)(
        inputs_size, layer.units, batch_first=True, bidirectional=layer.bidirectional
    )
    u = layer.units
    order = np.arange(4 * u) if lstm else np.r_[u : 2 * u, :u, 2 * u : 3 * u]
    with torch.no_grad():
        for direction, suffix in zip(layer.directions, ("", "_reverse"), strict=False):
            kernel, recurrent_kernel, bias = direction.get_weights()
            input_bias, hidden_bias = (bias, np.zeros(4 * u)) if lstm else bias
            for name, value in (
                ("weight_ih", kernel.T[order]),
                ("weight_hh", recurrent_kernel.T[order]),
                ("bias_ih", input_bias[order]),
                ("bias_hh", hidden_bias[order]),
            ):
                getattr(theirs, f"{name}_l0{suffix}").copy_(torch.tensor(value))
    return theirs.double()


def _randomize(layer, array):
    layer.set_weights([array(*w.shape) * 0.5 for w in layer.get_weights()])


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_equals_pytorch_run_alone_on_the_real_steps(array, plain, compiled, kind, bidirectional):
    torch = pytest.importorskip("torch")
    make, states = KINDS[kind]
    layer = make(3, bidirectional=bidirectional, return_sequences=True, return_state=True)
    inputs = array(4, 5, 2)
    directions = 2 if bidirectional else 1
    initial = [array(4, 3) for _ in range(states * directions)]
    layer.build(inputs.shape)
    _randomize(layer, array)
    theirs = _torch_twin(torch, layer, 2)
    run = compiled(lambda x, n, s: layer(x, lengths=n, initial_state=s))
    outputs, *finals = map(plain, run(inputs, LENGTHS, initial))
    by_kind = [
        torch.tensor(np.stack(initial[i::states]), dtype=torch.float64) for i in range(states)
    ]
    for b, length in enumerate(LENGTHS):
        assert not outputs[b, length:].any()
        if length == 0:
            for final, first in zip(finals, initial, strict=True):
                np.testing.assert_array_equal(final[b], first[b])
            continue
        own = [state[:, b : b + 1].contiguous() for state in by_kind]
        x = torch.tensor(inputs[b : b + 1, :length], dtype=torch.float64)
        with torch.no_grad():
            expected, last = theirs(x, tuple(own) if states == 2 else own[0])
        last = last if states == 2 else (last,)
        np.testing.assert_allclose(outputs[b, :length], expected[0], rtol=1e-5, atol=1e-5)
        for i, final in enumerate(finals):
            value = last[i % states][i // states, 0]
            np.testing.assert_allclose(final[b], value, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_equals_keras_with_its_weights_when_nothing_is_padded(array, plain, compiled, kind):
    inputs = array(2, 4, 3)
    theirs = keras.layers.Bidirectional(getattr(keras.layers, kind)(3))
    theirs.build(inputs.shape)
    layer = KINDS[kind][0](3, bidirectional=True)
    layer.build(inputs.shape)
    layer.set_weights(theirs.get_weights())
    one, other = compiled(lambda x: (layer(x), theirs(x)))(inputs)
    np.testing.assert_allclose(plain(one), plain(other), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("mode", ["concat", "sum", "ave", "mul"])
def test_merges_both_directions(array, plain, compiled, mode):
    inputs = array(2, 4, 3)
    layer = layers.GRU(3, bidirectional=True, merge_mode=mode, return_state=True)
    layer.build(inputs.shape)
    output, forward, backward = map(plain, compiled(layer)(inputs))
    expected = {
        "concat": np.concatenate([forward, backward], -1),
        "sum": forward + backward,
        "ave": (forward + backward) / 2,
        "mul": forward * backward,
    }[mode]
    np.testing.assert_allclose(output, expected, rtol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_skips_masked_steps_anywhere(array, plain, compiled, kind):
    make, _ = KINDS[kind]
    layer = make(3, bidirectional=True, return_sequences=True)
    inputs = array(2, 5, 2)
    keep = np.array([[True, False, True, True, False], [False, True, True, False, True]])
    layer.build(inputs.shape)
    outputs = plain(compiled(lambda x, mask: layer(x, mask=mask))(inputs, keep))
    run = compiled(layer)
    for b in range(2):
        alone = plain(run(inputs[b : b + 1, keep[b]]))
        np.testing.assert_allclose(outputs[b, keep[b]], alone[0], rtol=1e-5, atol=1e-6)
        assert not outputs[b, ~keep[b]].any()


def test_reads_the_implicit_mask(array, plain):
    tokens = np.array([[3, 1, 0, 0], [1, 2, 3, 4]])
    embedded = keras.layers.Embedding(5, 3, mask_zero=True)(tokens)
    layer = layers.LSTM(2)
    expected = plain(layer(plain(embedded), lengths=np.array([2, 4])))
    np.testing.assert_allclose(plain(layer(embedded)), expected, rtol=1e-6)


def _run(compiled, layer, inputs, lengths, initial, route):
    tensor = keras.ops.convert_to_tensor
    lengths = None if lengths is None else tensor(lengths, dtype="int32")
    return compiled(lambda x, n, s: recurrent.run(layer.directions, x, n, states=s, route=route))(
        tensor(inputs), lengths, initial
    )


@pytest.mark.parametrize("lengths", [None, LENGTHS])
@pytest.mark.parametrize("kind", KINDS)
def test_pytorchs_kernel_equals_the_twin(array, plain, compiled, kind, lengths):
    if keras.backend.backend() != "torch":
        pytest.skip("PyTorch's kernel needs PyTorch")
    make, states = KINDS[kind]
    layer, inputs = make(3, bidirectional=True), array(4, 5, 2)
    layer.build(inputs.shape)
    _randomize(layer, array)
    initial = [keras.ops.convert_to_tensor(array(4, 3)) for _ in range(2 * states)]
    assert recurrent.choose_route(layer.directions, keras.ops.convert_to_tensor(inputs)) == "torch"
    expected = _run(compiled, layer, inputs, lengths, initial, "keras")
    actual = _run(compiled, layer, inputs, lengths, initial, "torch")
    for one, other in zip(keras.tree.flatten(actual), keras.tree.flatten(expected), strict=True):
        np.testing.assert_allclose(plain(one), plain(other), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("lengths", [None, LENGTHS])
def test_cudnns_arguments_are_right(array, plain, compiled, monkeypatch, bidirectional, lengths):
    """The packed weights, run by JAX's own reference in place of the GPU's kernel."""
    if keras.backend.backend() != "jax":
        pytest.skip("cuDNN's LSTM by itself is JAX's route")
    import jax.experimental.rnn as jax_rnn

    def by_reference(x, h, c, weights, seq_lengths, features, units, depth, dropout, both):
        unpacked = jax_rnn.unpack_lstm_weights(weights, features, units, depth, both)
        return jax_rnn.lstm_ref(
            x, h, c, *unpacked, seq_lengths, features, units, depth, dropout, both
        )

    monkeypatch.setattr(jax_rnn, "lstm", by_reference)
    layer, inputs = layers.LSTM(3, bidirectional=bidirectional), array(4, 5, 2)
    layer.build(inputs.shape)
    _randomize(layer, array)
    initial = [array(4, 3) for _ in range(4 if bidirectional else 2)]
    expected = _run(compiled, layer, inputs, lengths, initial, "keras")
    actual = _run(compiled, layer, inputs, lengths, initial, "cudnn")
    for one, other in zip(keras.tree.flatten(actual), keras.tree.flatten(expected), strict=True):
        np.testing.assert_allclose(plain(one), plain(other), rtol=1e-5, atol=1e-6)


@pytest.mark.gpu
@pytest.mark.parametrize("kind", KINDS)
def test_fused_route_on_a_gpu_equals_the_twin(array, plain, compiled, kind):
    layer, inputs = KINDS[kind][0](16, bidirectional=True), array(4, 5, 8)
    layer.build(inputs.shape)
    expected, actual = (
        _run(compiled, layer, inputs, LENGTHS, None, route) for route in ("keras", None)
    )
    for one, other in zip(keras.tree.flatten(actual), keras.tree.flatten(expected), strict=True):
        np.testing.assert_allclose(plain(one), plain(other), rtol=1e-3, atol=1e-3)


def test_drops_the_same_input_features_at_every_step(plain, compiled):
    layer = layers.GRU(64, dropout=0.5, return_sequences=True, seed=1)
    inputs = np.ones((1, 3, 1), "float32")
    layer.build(inputs.shape)
    calm, kept, silent = map(
        plain, compiled(lambda x: (layer(x), layer(x * 2), layer(x * 0)))(inputs)
    )
    # One program for all draws, which are the examples of one batch.
    drawn = plain(layer(np.repeat(inputs, 20, axis=0), training=True))[:, None]
    for output in drawn:
        whole = [np.allclose(output, each, atol=1e-5) for each in (kept, silent)]
        assert sum(whole) == 1 and not np.allclose(output, calm, atol=1e-5)
    assert any(np.allclose(output, silent, atol=1e-5) for output in drawn)
    assert any(np.allclose(output, kept, atol=1e-5) for output in drawn)


def test_says_what_is_wrong(array):
    with pytest.raises(UserError, match="`merge_mode` must be one of 'concat', 'sum'"):
        layers.LSTM(3, merge_mode="add")
    with pytest.raises(UserError, match=r"`inputs` must have shape \(B, T, D\)"):
        layers.LSTM(3)(array(2, 4))
    with pytest.raises(UserError, match=r"4 tensors of shape \(B, 3\). Received: 2"):
        layers.LSTM(3, bidirectional=True)(array(2, 4, 2), initial_state=[array(2, 3)] * 2)
    with pytest.raises(UserError, match=r"`initial_state` must have shape \(B, 3\).*\(2, 4\)"):
        layers.GRU(3)(array(2, 4, 2), initial_state=[array(2, 4)])

"""Routes of LSTM and GRU over right-padded sequences.

The twin is Keras's own layer with a mask made from the lengths. It keeps the fused kernel on
TensorFlow, and without lengths on JAX and PyTorch too. The other routes keep it with lengths and
in both directions: cuDNN's LSTM on JAX takes lengths as they are, PyTorch's kernels packed rows.
"""

from typing import Any

import keras
from keras import ops

ROUTES = ("keras", "cudnn", "torch")


def choose_route(layers: list[keras.layers.Layer], inputs: Any) -> str:
    """The fastest route that can serve these layers and inputs on this backend and device."""
    backend = keras.backend.backend()
    dtype = keras.backend.standardize_dtype(inputs.dtype)
    if backend == "jax" and _is_lstm(layers) and dtype == "float32":
        import jax

        # JAX's kernel takes float32 alone; there is none for GRU.
        return "cudnn" if jax.default_backend() == "gpu" else "keras"
    if backend == "torch":
        import torch

        device = inputs.device.type
        fused = device == "cuda" or (device == "cpu" and dtype in ("float32", "float64"))
        return "torch" if fused and not torch.compiler.is_compiling() else "keras"
    return "keras"


def run(
    layers: list[keras.layers.Layer],
    inputs: Any,
    lengths: Any = None,
    mask: Any = None,
    states: list[Any] | None = None,
    training: bool | None = None,
    route: str | None = None,
) -> tuple[list[Any], list[list[Any]]]:
    """Runs one direction, or two, over the real steps of each sequence.

    Args:
        layers: A `keras.layers.LSTM` or `GRU` that returns sequences and states, and for the
            backward direction a second one with `go_backwards=True`.
        inputs: `(B, T, D)`.
        lengths: `(B,)`, real steps; None for all.
        mask: `(B, T)` booleans of any pattern; takes the route `"keras"`.
        states: Initial states of all directions, one after the other; None for zeros.
        training: Passed on.
        route: One of `ROUTES`; None chooses.

    Returns:
        One `(B, T, U)` a direction, in the order of time and 0 at padding, and a list of final
        states a direction. A sequence without real steps keeps its initial states.
    """
    if mask is not None:
        route = "keras"
    route = route or choose_route(layers, inputs)
    initial = _initial_states(layers, inputs, states)
    real = _real_steps(inputs, lengths, mask)
    if lengths is not None:
        # The kernels know no empty sequence: those run one step, which is then taken back.
        lengths = ops.maximum(ops.cast(lengths, "int32"), 1)
    runner = {"keras": _keras, "cudnn": _cudnn, "torch": _torch}[route]
    outputs, finals = runner(layers, inputs, lengths, mask, initial, training)
    if real is None:
        return outputs, finals
    outputs = [ops.where(real[:, :, None], output, ops.zeros_like(output)) for output in outputs]
    some = ops.any(real, axis=1, keepdims=True)
    finals = [
        [ops.where(some, final, first) for final, first in zip(*pair, strict=True)]
        for pair in zip(finals, initial, strict=True)
    ]
    return outputs, finals


def _real_steps(inputs: Any, lengths: Any, mask: Any) -> Any:
    """`(B, T)` booleans, or None if every step is real."""
    if lengths is None:
        return None if mask is None else ops.cast(mask, "bool")
    steps = ops.arange(ops.shape(inputs)[1], dtype="int32")
    real = steps[None, :] < ops.cast(lengths, "int32")[:, None]
    return real if mask is None else ops.logical_and(real, ops.cast(mask, "bool"))


def _is_lstm(layers: list[keras.layers.Layer]) -> bool:
    return isinstance(layers[0], keras.layers.LSTM)


def _initial_states(
    layers: list[keras.layers.Layer], inputs: Any, states: list[Any] | None
) -> list[list[Any]]:
    number = len(layers[0].state_size)
    if states is None:
        batch = ops.shape(inputs)[0]
        zeros = ops.zeros((batch, layers[0].units), dtype=inputs.dtype)
        return [[zeros] * number for _ in layers]
    states = [ops.cast(state, inputs.dtype) for state in states]
    return [states[i * number : (i + 1) * number] for i in range(len(layers))]


def _keras(
    layers: list[keras.layers.Layer],
    inputs: Any,
    lengths: Any,
    mask: Any,
    initial: list[list[Any]],
    training: bool | None,
) -> tuple[list[Any], list[list[Any]]]:
    mask = _real_steps(inputs, lengths, mask)
    outputs, finals = [], []
    for layer, states in zip(layers, initial, strict=True):
        output, *final = layer(inputs, initial_state=states, mask=mask, training=training)
        outputs.append(ops.flip(output, axis=1) if layer.go_backwards else output)
        finals.append(final)
    return outputs, finals


def _cudnn(
    layers: list[keras.layers.Layer],
    inputs: Any,
    lengths: Any,
    mask: Any,
    initial: list[list[Any]],
    training: bool | None,
) -> tuple[list[Any], list[list[Any]]]:
    import jax.experimental.rnn as jax_rnn

    batch, time, features = inputs.shape
    units = layers[0].units
    if lengths is None:
        lengths = ops.full((batch,), time, dtype="int32")
    output, hidden, carry = jax_rnn.lstm(
        inputs,
        ops.stack([states[0] for states in initial]),
        ops.stack([states[1] for states in initial]),
        _cudnn_weights(layers),
        lengths,
        features,
        units,
        1,
        0.0,
        len(layers) == 2,
    )
    outputs = [output[..., i * units : (i + 1) * units] for i in range(len(layers))]
    return outputs, [[hidden[i], carry[i]] for i in range(len(layers))]


def _cudnn_weights(layers: list[keras.layers.Layer]) -> Any:
    """Matrices of all directions, then two biases of each; cuDNN has Keras's order of gates."""
    matrices, biases = [], []
    for layer in layers:
        kernel, recurrent, bias = _weights(layer)
        matrices += [ops.ravel(ops.transpose(kernel)), ops.ravel(ops.transpose(recurrent))]
        biases += [bias, ops.zeros_like(bias)]
    return ops.concatenate(matrices + biases)


def _weights(layer: keras.layers.Layer) -> list[Any]:
    cell = layer.cell
    return [ops.convert_to_tensor(w) for w in (cell.kernel, cell.recurrent_kernel, cell.bias)]


def _torch(
    layers: list[keras.layers.Layer],
    inputs: Any,
    lengths: Any,
    mask: Any,
    initial: list[list[Any]],
    training: bool | None,
) -> tuple[list[Any], list[list[Any]]]:
    import torch
    from torch.nn.utils import rnn as torch_rnn

    kernel = torch.lstm if _is_lstm(layers) else torch.gru
    weights = [w for layer in layers for w in _torch_weights(layer, inputs.dtype)]
    states = [torch.stack(list(of_kind)) for of_kind in zip(*initial, strict=True)]
    # has_biases, num_layers, dropout, train, bidirectional
    settings = (True, 1, 0.0, torch.is_grad_enabled(), len(layers) == 2)
    if lengths is None:
        state = tuple(states) if _is_lstm(layers) else states[0]
        output, *finals = kernel(inputs, state, weights, *settings, True)
    else:
        packed = torch_rnn.pack_padded_sequence(
            inputs, lengths.to("cpu", torch.int64), batch_first=True, enforce_sorted=False
        )
        states = [state.index_select(1, packed.sorted_indices) for state in states]
        state = tuple(states) if _is_lstm(layers) else states[0]
        data, *finals = kernel(packed.data, packed.batch_sizes, state, weights, *settings)
        output, _ = torch_rnn.pad_packed_sequence(
            packed._replace(data=data), batch_first=True, total_length=inputs.shape[1]
        )
        finals = [final.index_select(1, packed.unsorted_indices) for final in finals]
    outputs = list(torch.chunk(output, len(layers), dim=-1))
    return outputs, [[final[i] for final in finals] for i in range(len(layers))]


def _torch_weights(layer: keras.layers.Layer, dtype: Any) -> list[Any]:
    import torch

    kernel, recurrent, bias = (w.to(dtype) for w in _weights(layer))
    if isinstance(layer, keras.layers.LSTM):
        biases = [bias, torch.zeros_like(bias)]
    else:
        # Keras orders a GRU's gates update, reset, candidate; PyTorch reset first.
        kernel, recurrent, bias = (_reset_first(w) for w in (kernel, recurrent, bias))
        biases = list(bias)
    return [kernel.T.contiguous(), recurrent.T.contiguous(), *(b.contiguous() for b in biases)]


def _reset_first(weights: Any) -> Any:
    import torch

    update, reset, candidate = torch.chunk(weights, 3, dim=-1)
    return torch.cat([reset, update, candidate], dim=-1)

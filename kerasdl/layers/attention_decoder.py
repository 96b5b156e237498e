"""A recurrent decoder with attention, over whole target sequences."""

import contextlib
from collections.abc import Iterator
from typing import Any

import keras
from keras import ops

from kerasdl.errors import UserError
from kerasdl.layers import _checks
from kerasdl.layers._dense import serialize_unbuilt
from kerasdl.layers._sequence_attention import SequenceAttention
from kerasdl.layers._tensors import padding_mask
from kerasdl.layers.attention_decoder_cell import AttentionDecoderCell


@keras.saving.register_keras_serializable(package="kerasdl")
class AttentionDecoder(keras.layers.Layer):
    """A recurrent decoder that looks at an encoder's states at every step, with input feeding.

    `AttentionDecoderCell` over the steps of the target: `y[t], s[t] = cell(x[t], s[t-1], memory)`.

    Shapes: `B` batch, `T` target and `S` encoder steps, `E`, `M` and `O` features, `U` units. Input
    `(B, T, E)`, memory `(B, S, M)`, `lengths` `(B,)` of the memory, `initial_state` `h` (and `c`)
    `(B, U)`, such as an encoder's last. Output `(B, T, O)`; weights `(B, T, S)`.

    Masking: reads `lengths`, or else the memory's implicit mask; passes the input's mask on.
    Right-padded targets need no lengths, since a real step sees no later one.
    Cost: that of `AttentionDecoderCell` for each of `T` steps, one after the other; the part of the
    attention that depends on the memory alone is computed once.

    Args:
        units: `U`.
        attention: An `AdditiveAttention` or `LuongAttention`; None for
            `LuongAttention("general")`.
        rnn: `"lstm"` or `"gru"`.
        input_feeding: Whether the output is part of the next step's input.
        output_size: `O`; None for `U`.

    Call arguments:
        inputs, memory, lengths, initial_state: As above; None starts from zeros.
        return_weights: Whether to return `(output, weights)`.

    Raises:
        UserError: If an argument is outside its range, or a shape does not fit.

    Differs from: `keras.layers.RNN`, whose cells know no memory.

    Example:
        >>> decoder = AttentionDecoder(4)
        >>> memory = keras.ops.ones((2, 5, 6))
        >>> decoder(keras.ops.ones((2, 3, 8)), memory).shape
        (2, 3, 4)
        >>> cache = decoder.initial_cache(memory)
        >>> step, cache = decoder.step(keras.ops.ones((2, 1, 8)), cache)
        >>> step.shape
        (2, 1, 4)

    Reference: Luong et al., 2015, sections 3 and 3.3, https://arxiv.org/abs/1508.04025
    """

    def __init__(
        self,
        units: int,
        attention: SequenceAttention | None = None,
        rnn: str = "lstm",
        input_feeding: bool = True,
        output_size: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.units = units
        self.attention = attention
        self.rnn = rnn
        self.input_feeding = input_feeding
        self.output_size = output_size
        self.supports_masking = True
        self.cell = AttentionDecoderCell(
            units,
            attention,
            rnn,
            input_feeding,
            output_size,
            dtype=self.dtype_policy,
            name="decoder_cell",
        )
        self.loop = keras.layers.RNN(
            _Looking(self.cell), return_sequences=True, return_state=True, dtype=self.dtype_policy
        )

    def build(self, inputs_shape: Any, memory_shape: Any) -> None:
        """Creates the cell."""
        _checks.axes("inputs", inputs_shape, "B, T, E")
        step_shape = (inputs_shape[0], inputs_shape[2])
        self.cell.build(step_shape, None, memory_shape)

    def call(
        self,
        inputs: Any,
        memory: Any,
        lengths: Any = None,
        initial_state: Any = None,
        memory_mask: Any = None,
        return_weights: bool = False,
    ) -> Any:
        """The outputs of all steps, and with `return_weights` the attention's weights."""
        visible = padding_mask(lengths, memory_mask, ops.shape(memory)[1])
        looked = self._looked_at(memory, visible)
        states = self._first_states(ops.shape(inputs)[0], initial_state)
        outputs, _ = self._run(inputs, states, looked, return_weights)
        size = self.cell.state_size[-1]
        return (outputs[..., :size], outputs[..., size:]) if return_weights else outputs

    def initial_cache(
        self, memory: Any, lengths: Any = None, initial_state: Any = None
    ) -> dict[str, Any]:
        """What `step` needs: the states, and what is computed of the memory once."""
        memory = ops.cast(memory, self.compute_dtype)
        if lengths is None:
            lengths = ops.full(ops.shape(memory)[:1], ops.shape(memory)[1])
        visible = padding_mask(lengths, None, ops.shape(memory)[1])
        states = self._first_states(ops.shape(memory)[0], initial_state)
        return {"states": states, **self._looked_at(memory, visible)}

    def step(
        self, inputs: Any, cache: dict[str, Any], position: Any = None
    ) -> tuple[Any, dict[str, Any]]:
        """A few more steps, equal to the same rows of `call` on the whole sequence.

        Args:
            inputs: `(B, T, E)`, the new steps.
            cache: What `initial_cache` or the last `step` returned; left unchanged.
            position: Ignored; there for decoders that need it.

        Returns:
            `(output, cache)`. Every array in the cache has the batch as first axis.
        """
        looked = {name: cache[name] for name in ("memory", "keys", "visible")}
        inputs = ops.cast(inputs, self.compute_dtype)
        outputs, states = self._run(inputs, cache["states"], looked, return_weights=False)
        return outputs, {"states": states, **looked}

    def _looked_at(self, memory: Any, visible: Any) -> dict[str, Any]:
        return {"memory": memory, "keys": self.cell.look.prepare(memory), "visible": visible}

    def _first_states(self, batch_size: Any, given: Any) -> list[Any]:
        states = self.cell.get_initial_state(batch_size)
        if given is None:
            return states
        given = list(given) if isinstance(given, list | tuple) else [given]
        if len(given) != len(states) - 1:
            raise UserError(
                f"`initial_state` must be {len(states) - 1} tensors of shape (B, {self.units}). "
                f"Received: {len(given)}"
            )
        for state in given:
            _checks.axes("initial_state", state.shape, f"B, {self.units}")
        return [*(ops.cast(state, self.compute_dtype) for state in given), states[-1]]

    def _run(
        self, inputs: Any, states: list[Any], looked: dict[str, Any], return_weights: bool
    ) -> tuple[Any, list[Any]]:
        with self.loop.cell.looking_at({**looked, "return_weights": return_weights}):
            outputs, *states = self.loop(inputs, initial_state=states)
        return outputs, states

    def compute_output_shape(self, inputs_shape: Any, memory_shape: Any) -> tuple[int | None, ...]:
        """`(B, T, O)`."""
        return (*inputs_shape[:2], self.cell.state_size[-1])

    def compute_output_spec(
        self,
        inputs: Any,
        memory: Any,
        lengths: Any = None,
        initial_state: Any = None,
        memory_mask: Any = None,
        return_weights: bool = False,
    ) -> Any:
        """Shape and dtype of the output, and with `return_weights` of the weights."""
        shape = self.compute_output_shape(inputs.shape, memory.shape)
        output = keras.KerasTensor(shape, dtype=self.compute_dtype)
        if not return_weights:
            return output
        weights_shape = (*inputs.shape[:2], memory.shape[1])
        return output, keras.KerasTensor(weights_shape, dtype=self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "units": self.units,
            "attention": serialize_unbuilt(self.attention),
            "rnn": self.rnn,
            "input_feeding": self.input_feeding,
            "output_size": self.output_size,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "AttentionDecoder":
        """The layer that `get_config` described."""
        config = dict(config)
        config["attention"] = keras.saving.deserialize_keras_object(config.get("attention"))
        return cls(**config)


class _Looking:
    """The cell with its memory filled in for the time of one call, as `keras.layers.RNN` wants."""

    def __init__(self, cell: AttentionDecoderCell) -> None:
        self.cell = cell
        self.looked: dict[str, Any] = {}
        self.state_size = cell.state_size
        self.output_size = cell.state_size[-1]
        self.compute_dtype = cell.compute_dtype

    @contextlib.contextmanager
    def looking_at(self, looked: dict[str, Any]) -> Iterator[None]:
        """Fills the memory in, and takes it away again: it must not outlive the call."""
        self.looked = looked
        try:
            yield
        finally:
            self.looked = {}

    def call(self, inputs: Any, states: Any) -> tuple[Any, Any]:
        """Output (with the weights after it, if they are asked for) and states."""
        output, states, *weights = self.cell(inputs, list(states), **self.looked)
        return ops.concatenate([output, *weights], axis=-1), states

    __call__ = call

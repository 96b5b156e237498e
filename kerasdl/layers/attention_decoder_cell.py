"""One step of a recurrent decoder with attention."""

from typing import Any

import keras
from keras import ops

from kerasdl.errors import UserError
from kerasdl.layers import _checks
from kerasdl.layers._dense import built_dense, serialize_unbuilt
from kerasdl.layers._sequence_attention import SequenceAttention
from kerasdl.layers.luong_attention import LuongAttention

_CELLS = {"lstm": keras.layers.LSTMCell, "gru": keras.layers.GRUCell}


@keras.saving.register_keras_serializable(package="kerasdl")
class AttentionDecoderCell(keras.layers.Layer):
    """One step of a recurrent decoder that looks at an encoder's states, with input feeding.

    `h, c = RNN([x; a], (h, c))`, `context = attention(h, memory)`,
    `a = tanh([context; h] W)`: the output `a` is fed to the next step beside its input. Without
    input feeding, `h, c = RNN(x, (h, c))`.

    Shapes: `B` batch, `S` encoder steps, `E`, `M` and `O` features, `U` units. Input `(B, E)`,
    memory `(B, S, M)`. States: `h` `(B, U)`, for an LSTM `c` `(B, U)`, and `a` `(B, O)`. Output
    `(B, O)`.

    Masking: `visible` says which states of the memory are real.
    Cost: that of the recurrent cell on `E + O` features, of the attention, and one product.

    Args:
        units: `U`.
        attention: An `AdditiveAttention` or `LuongAttention`; None for
            `LuongAttention("general")`.
        rnn: `"lstm"` or `"gru"`.
        input_feeding: Whether the output is part of the next step's input.
        output_size: `O`; None for `U`.

    Call arguments:
        inputs, states, memory: As above.
        keys: What `attention.prepare(memory)` returned, if it is known already.
        visible: `(B, S)` booleans, False at padding; None if there is none.
        return_weights: Whether to return `(output, states, weights)`.

    Raises:
        UserError: If an argument is outside its range, or a shape does not fit.

    Differs from: `keras.layers.LSTMCell` by the memory; `AttentionDecoder` runs it over a sequence.

    Example:
        >>> cell = AttentionDecoderCell(4)
        >>> memory = keras.ops.ones((2, 5, 6))
        >>> states = cell.get_initial_state(batch_size=2)
        >>> output, states = cell(keras.ops.ones((2, 3)), states, memory)
        >>> output.shape
        (2, 4)

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
        _checks.positive("units", units)
        _checks.optional_positive("output_size", output_size)
        _checks.one_of("rnn", rnn, _CELLS)
        if attention is not None and not isinstance(attention, SequenceAttention):
            raise UserError(
                "`attention` must be an AdditiveAttention or a LuongAttention. "
                f"Received: attention={attention!r}"
            )
        self.units = units
        self.attention = attention
        self.rnn = rnn
        self.input_feeding = input_feeding
        self.output_size = output_size
        self.cell = _CELLS[rnn](units, dtype=self.dtype_policy, name="cell")
        self.look = attention or LuongAttention(dtype=self.dtype_policy, name="attention")

    @property
    def _output_size(self) -> int:
        return self.output_size or self.units

    @property
    def state_size(self) -> list[int]:
        """Sizes of the states, in their order."""
        return [self.units] * (2 if self.rnn == "lstm" else 1) + [self._output_size]

    def get_initial_state(self, batch_size: int | None = None) -> list[Any]:
        """Zeros."""
        return [ops.zeros((batch_size, size), dtype=self.compute_dtype) for size in self.state_size]

    def build(self, inputs_shape: Any, states_shape: Any, memory_shape: Any) -> None:
        """Creates the recurrent cell, the attention and the combination."""
        _checks.axes("inputs", inputs_shape, "B, E")
        _checks.axes("memory", memory_shape, "B, S, M")
        features = _checks.known("inputs", inputs_shape, -1, "features")
        source = _checks.known("memory", memory_shape, -1, "features")
        fed = self._output_size if self.input_feeding else 0
        self.cell.build((None, features + fed))
        if not self.look.built:
            self.look.build((None, self.units), memory_shape)
        self.combine = built_dense(
            self,
            source + self.units,
            self._output_size,
            "combine",
            "glorot_uniform",
            activation="tanh",
            use_bias=False,
        )

    def call(
        self,
        inputs: Any,
        states: Any,
        memory: Any,
        keys: Any = None,
        visible: Any = None,
        return_weights: bool = False,
    ) -> tuple[Any, ...]:
        """Output and new states, and with `return_weights` the attention's weights."""
        *recurrent, fed = states
        if self.input_feeding:
            inputs = ops.concatenate([inputs, fed], axis=-1)
        hidden, recurrent = self.cell(inputs, list(recurrent))
        keys = self.look.prepare(memory) if keys is None else keys
        context, weights = self.look.attend(hidden, memory, keys, visible)
        output = self.combine(ops.concatenate([context, hidden], axis=-1))
        states = [*recurrent, output]
        return (output, states, weights) if return_weights else (output, states)

    def compute_output_spec(
        self,
        inputs: Any,
        states: Any,
        memory: Any,
        keys: Any = None,
        visible: Any = None,
        return_weights: bool = False,
    ) -> tuple[Any, ...]:
        """Shapes and dtypes of output, states and, on request, weights."""
        batch = inputs.shape[0]
        specs = [
            keras.KerasTensor((batch, size), dtype=self.compute_dtype) for size in self.state_size
        ]
        output = keras.KerasTensor((batch, self._output_size), dtype=self.compute_dtype)
        if not return_weights:
            return output, specs
        return output, specs, keras.KerasTensor((batch, memory.shape[1]), dtype=self.compute_dtype)

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
    def from_config(cls, config: dict[str, Any]) -> "AttentionDecoderCell":
        """The layer that `get_config` described."""
        config = dict(config)
        config["attention"] = keras.saving.deserialize_keras_object(config.get("attention"))
        return cls(**config)

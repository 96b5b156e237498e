"""What the recurrent layers share."""

from typing import Any

import keras
from keras import ops

from kerasdl.backend import recurrent as routes
from kerasdl.errors import UserError
from kerasdl.layers import _checks
from kerasdl.layers._dense import fresh

_MERGES = ("concat", "sum", "ave", "mul")


class Recurrent(keras.layers.Layer):
    """One or two directions of a Keras recurrent layer, over right-padded sequences."""

    _states = 1

    def __init__(
        self,
        units: int,
        bidirectional: bool = False,
        merge_mode: str = "concat",
        return_sequences: bool = False,
        return_state: bool = False,
        dropout: float = 0.0,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        _checks.positive("units", units)
        _checks.one_of("merge_mode", merge_mode, _MERGES)
        _checks.rate("dropout", dropout)
        self.units = units
        self.bidirectional = bidirectional
        self.merge_mode = merge_mode
        self.return_sequences = return_sequences
        self.return_state = return_state
        self.dropout = dropout
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.recurrent_initializer = keras.initializers.get(recurrent_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)
        self.recurrent_regularizer = keras.regularizers.get(recurrent_regularizer)
        self.bias_regularizer = keras.regularizers.get(bias_regularizer)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.supports_masking = True
        self.forward_layer = self._direction("forward", go_backwards=False)
        if bidirectional:
            self.backward_layer = self._direction("backward", go_backwards=True)

    def _direction(self, name: str, go_backwards: bool) -> keras.layers.Layer:
        return self._keras_layer(
            self.units,
            kernel_initializer=fresh(self.kernel_initializer),
            recurrent_initializer=fresh(self.recurrent_initializer),
            bias_initializer=fresh(self.bias_initializer),
            kernel_regularizer=self.kernel_regularizer,
            recurrent_regularizer=self.recurrent_regularizer,
            bias_regularizer=self.bias_regularizer,
            return_sequences=True,
            return_state=True,
            go_backwards=go_backwards,
            dtype=self.dtype_policy,
            name=name,
        )

    @property
    def directions(self) -> list[keras.layers.Layer]:
        """The Keras layers that hold the weights: forward, then backward if there is one."""
        return [self.forward_layer, *([self.backward_layer] if self.bidirectional else [])]

    def build(self, input_shape: Any) -> None:
        """Creates the weights of each direction."""
        _checks.axes("inputs", input_shape, "B, T, D")
        _checks.known("inputs", input_shape, -1, "features")
        for direction in self.directions:
            direction.build(input_shape)

    def call(
        self,
        inputs: Any,
        lengths: Any = None,
        initial_state: Any = None,
        mask: Any = None,
        training: bool | None = None,
    ) -> Any:
        """The output, and with `return_state` the final states after it."""
        if initial_state is not None:
            initial_state = self._check_states(initial_state)
        if training and self.dropout:
            shape = ops.shape(inputs)
            inputs = keras.random.dropout(
                inputs, self.dropout, (shape[0], 1, shape[2]), seed=self.seed_generator
            )
        sequences, states = routes.run(
            self.directions, inputs, lengths, mask, initial_state, training
        )
        # A direction's first final state is its output at the last step that it sees.
        last = [own[0] for own in states]
        output = self._merge(sequences if self.return_sequences else last)
        output = ops.cast(output, self.compute_dtype)
        if not self.return_state:
            return output
        return (output, *(ops.cast(state, self.compute_dtype) for own in states for state in own))

    def _merge(self, parts: list[Any]) -> Any:
        if len(parts) == 1:
            return parts[0]
        if self.merge_mode == "concat":
            return ops.concatenate(parts, axis=-1)
        if self.merge_mode == "mul":
            return parts[0] * parts[1]
        total = parts[0] + parts[1]
        return total / 2 if self.merge_mode == "ave" else total

    def _check_states(self, states: Any) -> list[Any]:
        states = list(states) if isinstance(states, list | tuple) else [states]
        expected = self._states * len(self.directions)
        if len(states) != expected:
            raise UserError(
                f"`initial_state` must be {expected} tensors of shape (B, {self.units}). "
                f"Received: {len(states)}"
            )
        for state in states:
            _checks.axes("initial_state", state.shape, f"B, {self.units}")
        return states

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """The input's mask if sequences are returned, else None."""
        return previous_mask if self.return_sequences else None

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Shape of the output, or shapes of the output and of the states."""
        wide = self.bidirectional and self.merge_mode == "concat"
        size = self.units * (2 if wide else 1)
        time = (input_shape[1],) if self.return_sequences else ()
        output = (input_shape[0], *time, size)
        if not self.return_state:
            return output
        number = self._states * len(self.directions)
        return (output, *((input_shape[0], self.units) for _ in range(number)))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        initializer, regularizer = keras.initializers.serialize, keras.regularizers.serialize
        return {
            **super().get_config(),
            "units": self.units,
            "bidirectional": self.bidirectional,
            "merge_mode": self.merge_mode,
            "return_sequences": self.return_sequences,
            "return_state": self.return_state,
            "dropout": self.dropout,
            "kernel_initializer": initializer(self.kernel_initializer),
            "recurrent_initializer": initializer(self.recurrent_initializer),
            "bias_initializer": initializer(self.bias_initializer),
            "kernel_regularizer": regularizer(self.kernel_regularizer),
            "recurrent_regularizer": regularizer(self.recurrent_regularizer),
            "bias_regularizer": regularizer(self.bias_regularizer),
            "seed": self.seed,
        }

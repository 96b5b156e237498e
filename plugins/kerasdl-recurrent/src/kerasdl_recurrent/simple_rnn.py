"""The simple recurrent network."""

from typing import Any

import keras
from keras import ops

from kerasdl.backend import recurrent as routes
from kerasdl.errors import UserError


@keras.saving.register_keras_serializable(package="kerasdl_recurrent")
class SimpleRNN(keras.layers.Layer):
    """The simple recurrent network over right-padded sequences, in one direction or two.

    `h[t] = tanh(x[t] W + h[t-1] R + b)`.

    Shapes: `B` batch, `T` time steps, `D` features, `U` units. Input `(B, T, D)`; `lengths` `(B,)`.
    Output `(B, U)`, that of the last real step, or `(B, T, U)` with `return_sequences`; `2 U` where
    there are two directions. States `h`, each `(B, U)`, that of the forward direction first.

    Masking: `lengths` say how many steps are real, from the left; outputs at the others are 0, and
    states do not move there. The backward direction starts at each sequence's last real step. A
    sequence of length 0 keeps its initial states.
    Cost: `2 T U (D + U)` a sequence and direction, in Keras's loop.

    Args:
        units: `U`.
        bidirectional: Whether a second set of weights reads the sequence from its end.
        return_sequences: Whether to return the outputs of all steps.
        return_state: Whether to return the final states after the output.
        kernel_initializer: Of `W`.
        recurrent_initializer: Of `R`.

    Call arguments:
        inputs, lengths: As above.
        initial_state: `h`, two of them in both directions; None for zeros.

    Raises:
        UserError: If an argument is outside its range, or a shape does not fit.

    Differs from: `keras.layers.SimpleRNN`, which takes a mask in place of lengths and has two
        directions only in a wrapper. The interface is that of `kerasdl.layers.LSTM`.

    Example:
        >>> layer = SimpleRNN(4, bidirectional=True)
        >>> layer(keras.ops.ones((2, 5, 3)), lengths=keras.ops.array([5, 2])).shape
        (2, 8)

    Reference: Elman, 1990, https://doi.org/10.1207/s15516709cog1402_1
    """

    def __init__(
        self,
        units: int,
        bidirectional: bool = False,
        return_sequences: bool = False,
        return_state: bool = False,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if isinstance(units, bool) or not isinstance(units, int) or units < 1:
            raise UserError(f"`units` must be a positive integer. Received: units={units!r}")
        self.units = units
        self.bidirectional = bidirectional
        self.return_sequences = return_sequences
        self.return_state = return_state
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.recurrent_initializer = keras.initializers.get(recurrent_initializer)
        names = ("forward", "backward") if bidirectional else ("forward",)
        self.directions = [self._direction(name) for name in names]

    def _direction(self, name: str) -> keras.layers.Layer:
        return keras.layers.SimpleRNN(
            self.units,
            # One instance would draw the same values for both directions.
            kernel_initializer=self.kernel_initializer.clone(),
            recurrent_initializer=self.recurrent_initializer.clone(),
            return_sequences=True,
            return_state=True,
            go_backwards=name == "backward",
            dtype=self.dtype_policy,
            name=name,
        )

    def build(self, input_shape: Any) -> None:
        """Creates the weights of each direction."""
        if len(input_shape) != 3 or input_shape[-1] is None:
            raise UserError(
                f"`inputs` must have shape (B, T, D), D known. Received: shape={tuple(input_shape)}"
            )
        for direction in self.directions:
            direction.build(input_shape)

    def call(
        self,
        inputs: Any,
        lengths: Any = None,
        initial_state: Any = None,
        training: bool | None = None,
    ) -> Any:
        """The output, and with `return_state` the final states after it."""
        if initial_state is not None:
            initial_state = self._check_states(initial_state)
        sequences, finals = routes.run(
            self.directions, inputs, lengths, None, initial_state, training, route="keras"
        )
        states = [ops.cast(own[0], self.compute_dtype) for own in finals]
        outputs = sequences if self.return_sequences else states
        output = ops.cast(ops.concatenate(outputs, axis=-1), self.compute_dtype)
        return (output, *states) if self.return_state else output

    def _check_states(self, states: Any) -> list[Any]:
        states = list(states) if isinstance(states, list | tuple) else [states]
        shapes = [tuple(state.shape) for state in states]
        if len(shapes) != len(self.directions) or any(s[1:] != (self.units,) for s in shapes):
            raise UserError(
                f"`initial_state` must be {len(self.directions)} of shape (B, {self.units}). "
                f"Received: {shapes}"
            )
        return states

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Shape of the output, or shapes of the output and of the states."""
        time = (input_shape[1],) if self.return_sequences else ()
        output = (input_shape[0], *time, self.units * len(self.directions))
        if not self.return_state:
            return output
        return (output, *((input_shape[0], self.units) for _ in self.directions))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "units": self.units,
            "bidirectional": self.bidirectional,
            "return_sequences": self.return_sequences,
            "return_state": self.return_state,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "recurrent_initializer": keras.initializers.serialize(self.recurrent_initializer),
        }

"""Learned positions."""

from typing import Any

import keras
from keras import ops

from kerasdl.errors import UserError
from kerasdl.layers import _checks, _positions


@keras.saving.register_keras_serializable(package="kerasdl")
class LearnedPositions(keras.layers.Layer):
    """Adds a trained vector for each position to embeddings.

    `y[t] = x[t] + table[position + t]`.

    Shapes: `B` batch, `T` time steps, `D` features. Input and output `(B, T, D)`, with
    `position + T` at most `max_length`.

    Masking: passes the mask on; padded steps are shifted like the others.
    Cost: `max_length * D` parameters.

    Args:
        max_length: Number of positions in the table.
        initializer: Of the table.

    Call arguments:
        inputs: As above.
        position: Position of the first step: an integer, or a scalar or `(B,)` tensor. A tensor
            is data and is not checked against `max_length`.

    Raises:
        UserError: If `max_length` is not a positive integer, or the input is too long.

    Differs from: `keras.layers.Embedding` of the positions by the addition and the offset.

    Example:
        >>> LearnedPositions(16)(keras.ops.ones((2, 5, 8))).shape
        (2, 5, 8)

    Reference: Gehring et al., 2017, section 3.1, https://arxiv.org/abs/1705.03122
    """

    def __init__(self, max_length: int, initializer: Any = "uniform", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        _checks.positive("max_length", max_length)
        self.max_length = max_length
        self.initializer = keras.initializers.get(initializer)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        """Creates the table."""
        _checks.axes("inputs", input_shape, "B, T, D")
        size = _checks.known("inputs", input_shape, -1, "features")
        self.table = self.add_weight(
            (self.max_length, size), initializer=self.initializer, name="table"
        )

    def call(self, inputs: Any, position: Any = 0) -> Any:
        """The embeddings with their positions added."""
        self._check_length(inputs.shape[1], position)
        positions = _positions.from_offset(position, ops.shape(inputs)[1])
        return inputs + ops.cast(ops.take(self.table, positions, axis=0), inputs.dtype)

    def _check_length(self, size: int | None, position: Any) -> None:
        first = position if isinstance(position, int) else 0
        if size is not None and first + size > self.max_length:
            raise UserError(
                f"`inputs` must have at most max_length={self.max_length} time steps (axis T). "
                f"Received: T={size} from position {first}"
            )

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The input's shape."""
        self._check_length(input_shape[1], 0)
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "max_length": self.max_length,
            "initializer": keras.initializers.serialize(self.initializer),
        }

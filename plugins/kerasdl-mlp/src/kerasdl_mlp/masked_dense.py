"""A dense layer in which some connections do not exist."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from kerasdl.errors import UserError


@keras.saving.register_keras_serializable(package="kerasdl_mlp")
class MaskedDense(keras.layers.Dense):
    """Dense layer with a fixed 0/1 matrix of connections.

    `y = activation(x @ (kernel * connections) + bias)`

    A missing connection starts at 0, its gradient is 0, and whatever an optimizer writes there
    has no effect on the output.

    Shapes: `B` batch, `D` inputs, `U` units. Input `(B, D)`, `connections` `(D, U)`, output
    `(B, U)`; further axes between the first and the last are kept.

    Masking: passes the mask on, as `Dense` does.
    Cost: one product of the kernel's size beyond `Dense`; a missing connection saves no time.

    Args:
        units: Number of units.
        connections: Matrix of 0 and 1 as nested lists: a row an input, a column a unit.
        **kwargs: As for `keras.layers.Dense`.

    Raises:
        UserError: If `connections` is no matrix of 0 and 1, or does not fit inputs and units.

    Differs from: a `kernel_constraint`, which zeroes only after a step, and `Dropout`, which
        drops others each step.

    Example:
        >>> layer = MaskedDense(2, [[1, 0], [1, 0], [0, 1]])
        >>> layer(keras.ops.ones((5, 3))).shape
        (5, 2)
    """

    def __init__(self, units: int, connections: Sequence[Sequence[int]], **kwargs: Any) -> None:
        super().__init__(units, **kwargs)
        self.connections = connections
        self._matrix = zero_one_matrix(connections, "connections")

    def build(self, input_shape: Any) -> None:
        """Creates kernel and bias; missing connections start at 0."""
        wanted = (input_shape[-1], self.units)
        if self._matrix.shape != wanted:
            raise UserError(
                f"`connections` of layer {self.name!r} must have the shape (inputs, units) = "
                f"{wanted}. Received: (inputs, units) = {self._matrix.shape}"
            )
        super().build(input_shape)
        self.kernel.assign(self.kernel * self._matrix)

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """The layer's output."""
        kernel = keras.ops.multiply(self.kernel, keras.ops.cast(self._matrix, self.compute_dtype))
        outputs = keras.ops.matmul(inputs, kernel)
        if self.bias is not None:
            outputs = keras.ops.add(outputs, self.bias)
        return outputs if self.activation is None else self.activation(outputs)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "connections": self.connections}


def zero_one_matrix(rows: Any, name: str) -> np.ndarray:
    """`rows` as a float32 matrix.

    Raises:
        UserError: If it is no matrix, or holds anything but 0 and 1.
    """
    try:
        matrix = np.asarray(rows, dtype="float32")
    except (TypeError, ValueError):
        raise UserError(f"`{name}` must be a matrix of 0 and 1, its rows of one length") from None
    if matrix.ndim != 2 or not np.isin(matrix, (0.0, 1.0)).all():
        raise UserError(
            f"`{name}` must be a matrix of 0 and 1. Received: {name} of shape {matrix.shape} with "
            f"values {np.unique(matrix)[:5].tolist()}"
        )
    return matrix

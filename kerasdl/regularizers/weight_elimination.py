"""A penalty that small weights feel and large ones do not."""

import math
from typing import Any

import keras
from keras import ops

from kerasdl.errors import UserError


@keras.saving.register_keras_serializable(package="kerasdl")
class WeightElimination(keras.Regularizer):
    """`strength * sum_i w[i] ** 2 / (scale ** 2 + w[i] ** 2)`.

    A weight far below `scale` is pulled to zero as by L2 of strength `strength / scale ** 2`; one
    far above costs `strength`, whatever its size, and is not pulled. So the sum counts weights:
    divided by `strength` it is their effective number. The pull,
    `2 * strength * w * scale ** 2 / (scale ** 2 + w ** 2) ** 2`, is strongest at
    `|w| = scale / sqrt(3)`.

    Small weights come near zero, not to it: `EliminationConstraint` sets them to zero, and
    `kerasdl.compress.remove_dead_units` then makes the model smaller.

    Shapes: any; the result is a scalar, computed in float32 for 16-bit weights.

    Args:
        strength: Factor of the sum, at least 0.
        scale: Size, greater than 0, that tells small weights from large.

    Raises:
        ValueError: If `strength` is negative or `scale` is not positive.

    Differs from: `keras.regularizers.L2`, which pulls large weights most.

    Example:
        >>> float(WeightElimination(strength=1.0, scale=1.0)(np.array([0.0, 1.0])))
        0.5

    Reference: Weigend, Rumelhart & Huberman, 1991,
        https://papers.nips.cc/paper/1990/hash/bc6dc48b743dc5d013b1abaebd2faed2-Abstract.html
    """

    def __init__(self, strength: float = 1e-4, scale: float = 1.0) -> None:
        if not isinstance(strength, int | float) or not 0 <= strength < math.inf:
            raise UserError(
                f"`strength` must be a finite number of at least 0. Received: {strength=}"
            )
        if not isinstance(scale, int | float) or not 0 < scale < math.inf:
            raise UserError(f"`scale` must be a finite number greater than 0. Received: {scale=}")
        self.strength = strength
        self.scale = scale

    def __call__(self, x: Any) -> Any:
        """The penalty of one weight."""
        x = ops.convert_to_tensor(x)
        # (w / scale) ** 2 of a 16-bit weight soon overflows, and so may the sum
        x = ops.cast(x, keras.backend.result_type(x.dtype, "float32"))
        squares = ops.square(ops.divide(x, self.scale))
        return self.strength * ops.sum(squares / (1 + squares))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"strength": self.strength, "scale": self.scale}

"""Hard zeros for weights that have become small."""

import math
from typing import Any

import keras
from keras import ops

from kerasdl.errors import UserError


@keras.saving.register_keras_serializable(package="kerasdl")
class EliminationConstraint(keras.constraints.Constraint):
    """`0 if |w| <= threshold else w`, applied after every step.

    A weight once zero stays zero as long as no single step moves it by more than `threshold`.

    Shapes: any; the output has the shape of the input.

    Args:
        threshold: At least 0; of the order of a hundredth of `WeightElimination`'s scale, and
            well below the initial weights.

    Raises:
        ValueError: If `threshold` is negative.

    Differs from: pruning by a fixed mask: a weight that the data pull hard enough comes back.

    Example:
        >>> EliminationConstraint(0.1)(np.array([0.05, -0.2], "float32")).tolist()
        [0.0, -0.20000000298023224]

    Reference: Weigend, Rumelhart & Huberman, 1991,
        https://papers.nips.cc/paper/1990/hash/bc6dc48b743dc5d013b1abaebd2faed2-Abstract.html
    """

    def __init__(self, threshold: float = 1e-3) -> None:
        if not isinstance(threshold, int | float) or not 0 <= threshold < math.inf:
            raise UserError(
                f"`threshold` must be a finite number of at least 0. Received: {threshold=}"
            )
        self.threshold = threshold

    def __call__(self, w: Any) -> Any:
        """The weight with zeros in place of what is small."""
        w = ops.convert_to_tensor(w)
        # so written, NaN stays NaN
        return ops.where(ops.abs(w) <= self.threshold, ops.zeros_like(w), w)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"threshold": self.threshold}

"""The perceptron criterion: how far mistakes lie on the wrong side."""

from typing import Any

import keras
from keras import ops

from kerasdl.losses import _checks


@keras.saving.register_keras_serializable(package="kerasdl")
class PerceptronLoss(keras.Loss):
    """`sum_d max(0, -y[d] * z[d])` with labels `y` of -1 and 1, the mean over the batch.

    A point on the right side costs nothing; one on the wrong side, or on the boundary, pulls the
    weights by `y * x`: the gradient at `z` is `-y` where `y * z <= 0` and 0 elsewhere. Counting the
    boundary as a mistake lets training start from zero weights. One SGD step of rate 1 on one
    sample is the perceptron rule.

    Shapes: `...` any axes, `D` outputs, each a separate two-class question. `y_true` and `y_pred`
    `(..., D)`; the result of `call` is `(...)`. One-axis inputs `(B,)` are taken as `(B, 1)`.

    Masking: Keras's own: masked steps do not count.

    Args:
        reduction: Keras's: `"sum_over_batch_size"`, `"mean_with_sample_weight"`, `"sum"` or `None`.
        name: Name of the loss.
        dtype: Type of the computation, by default `keras.config.floatx()`.

    Raises:
        ValueError: If targets and predictions differ in shape.

    Differs from: `keras.losses.Hinge`, which asks for a margin of 1 and averages over the outputs.
        Labels of 0 count as -1 in both.

    Example:
        >>> float(PerceptronLoss()([[1.0], [0.0]], [[-2.0], [-3.0]]))
        1.0

    Reference: Rosenblatt, 1958, https://doi.org/10.1037/h0042519
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "perceptron_loss",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The terms, one a sample or step."""
        y_true, y_pred = _checks.outputs_last(type(self).__name__, y_true, y_pred)
        agreement = ops.where(y_true > 0, y_pred, -y_pred)
        # not `maximum`: its gradient at a tie is 0, 1/2 or 1, by backend
        return ops.sum(ops.where(agreement <= 0, -agreement, ops.zeros_like(agreement)), axis=-1)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "dtype": self.dtype}

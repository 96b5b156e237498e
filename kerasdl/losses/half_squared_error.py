"""Half the squared distance, whose gradient is the plain difference."""

from typing import Any

import keras
from keras import ops

from kerasdl.losses import _checks


@keras.saving.register_keras_serializable(package="kerasdl")
class HalfSquaredError(keras.Loss):
    """`0.5 * sum_d (y_pred[d] - y_true[d]) ** 2`, the mean over the batch.

    The gradient with respect to each output is `y_pred - y_true`, with no factor before it. So one
    SGD step on one sample is the textbook's delta rule; and if the output is a hard threshold
    whose gradient is passed straight through, it is Rosenblatt's perceptron rule exactly:
    `w += rate * (y - step(w @ x)) * x`.

    Shapes: `...` any axes, `D` outputs. `y_true` and `y_pred` `(..., D)`; the result of `call` is
    `(...)`. One-axis inputs `(B,)` are taken as `(B, 1)`.

    Masking: Keras's own: masked steps do not count.

    Args:
        reduction: Keras's: `"sum_over_batch_size"`, `"mean_with_sample_weight"`, `"sum"` or `None`.
        name: Name of the loss.
        dtype: Type of the computation, by default `keras.config.floatx()`.

    Raises:
        ValueError: If targets and predictions differ in shape.

    Differs from: `keras.losses.MeanSquaredError`, which has no half and averages over the `D`
        outputs: its value is `2 / D` of this one. Shapes `(B,)` and `(B, 1)` are not broadcast
        against each other to `(B, B)`.

    Example:
        >>> float(HalfSquaredError()([[0.0, 0.0]], [[3.0, 4.0]]))
        12.5

    Reference: Rosenblatt, 1958, https://doi.org/10.1037/h0042519
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "half_squared_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The terms, one a sample or step."""
        y_true, y_pred = _checks.outputs_last(type(self).__name__, y_true, y_pred)
        return 0.5 * ops.sum(ops.square(y_pred - y_true), axis=-1)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "dtype": self.dtype}

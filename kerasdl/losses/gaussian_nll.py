"""Negative log-likelihood of a Gaussian whose variance is predicted too."""

import math
from typing import Any

import keras
from keras import ops

from kerasdl.errors import UserError
from kerasdl.losses import _checks


@keras.saving.register_keras_serializable(package="kerasdl")
class GaussianNLL(keras.Loss):
    """`-log N(y; mean, variance)` for each output, the mean over outputs and batch.

    `0.5 * (log(2 pi) + log(v) + (y - m) ** 2 / v)`, with `v = max(variance, minimum_variance)`.

    The model gives both: its last axis holds `D` means, then `D` variances, as `GaussianHead` does.
    Below the minimum the value is that of the minimum, while the gradient still reaches the
    variance, so that it can grow again.

    Shapes: `...` any axes, `D` outputs. `y_true` `(..., D)`, or `(...)` for `D = 1`; `y_pred`
    `(..., 2 * D)`; the result of `call` is `(...)`.

    Masking: Keras's own: masked steps do not count.

    Args:
        full: Whether the constant `0.5 * log(2 pi)` is included.
        minimum_variance: Positive floor of the variance.
        reduction: Keras's: `"sum_over_batch_size"`, `"mean_with_sample_weight"`, `"sum"` or `None`.
        name: Name of the loss.
        dtype: Type of the computation, by default `keras.config.floatx()`.

    Raises:
        ValueError: If `minimum_variance` is not positive or the shapes do not fit.

    Differs from: `torch.nn.GaussianNLLLoss`, which takes the variance as a third argument and
        leaves the constant out by default.

    Example:
        >>> round(float(GaussianNLL()([[1.0]], [[0.0, 1.0]])), 4)
        1.4189

    Reference: Nix & Weigend, 1994, https://doi.org/10.1109/ICNN.1994.374138
    """

    def __init__(
        self,
        full: bool = True,
        minimum_variance: float = 1e-6,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "gaussian_nll",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        _checks.above_zero("minimum_variance", minimum_variance)
        self.full = full
        self.minimum_variance = minimum_variance

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The terms, one a sample or step."""
        y_true, y_pred = ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred)
        if len(y_true.shape) == len(y_pred.shape) - 1 and y_pred.shape[-1] == 2:
            y_true = ops.expand_dims(y_true, axis=-1)
        outputs = y_true.shape[-1] if y_true.shape else None
        if y_pred.shape[-1] != 2 * (outputs or 0) or len(y_true.shape) != len(y_pred.shape):
            raise UserError(
                "GaussianNLL takes `y_true` (..., D) and `y_pred` (..., 2 * D), means then "
                f"variances. Received: y_true {tuple(y_true.shape)}, y_pred {tuple(y_pred.shape)}"
            )
        mean, variance = y_pred[..., :outputs], y_pred[..., outputs:]
        floored = ops.maximum(variance, self.minimum_variance)
        variance = variance + ops.stop_gradient(floored - variance)
        terms = 0.5 * (ops.log(variance) + ops.square(y_true - mean) / variance)
        if self.full:
            terms = terms + 0.5 * math.log(2 * math.pi)
        return ops.mean(terms, axis=-1)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "full": self.full,
            "minimum_variance": self.minimum_variance,
            "dtype": self.dtype,
        }

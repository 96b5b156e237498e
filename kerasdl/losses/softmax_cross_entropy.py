"""Cross-entropy of integer labels under a softmax, from logits."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from kerasdl.errors import UserError
from kerasdl.losses import _checks
from kerasdl.losses.token_loss import TokenLoss


@keras.saving.register_keras_serializable(package="kerasdl")
class SoftmaxCrossEntropy(TokenLoss):
    """Cross-entropy of integer labels under the softmax of logits, the mean over real tokens.

    ```
    lse    = logsumexp(z)
    term   = (1 - s) * c[y] * (lse - z[y]) + s / V * sum_k c[k] * (lse - z[k]) + a * lse ** 2
    loss   = sum_i weight_i * term_i / divisor          (divisor: see `TokenLoss`)
    ```

    with `s` the label smoothing, `c` the class weights, `a` the z-loss. The label's logit is
    gathered: no one-hot of the labels and no full log-softmax is made.

    Shapes: `...` any axes (`B`; `B, T`), `V` classes. `y_true` integers `(...)` or `(..., 1)`,
    `y_pred` logits `(..., V)`.

    Masking: tokens that the mask of `y_pred` leaves out, or whose label is `ignored_index`, add
    nothing to the sum nor to the divisor. If no token is real the loss is 0.

    Args:
        label_smoothing: Share in [0, 1) of the target spread evenly over all `V` classes.
        ignored_index: Label of tokens that do not count, such as `-1`.
        class_weights: `V` numbers of at least 0, one a class.
        z_loss: Factor, at least 0, of the squared log-normalizer, which keeps logits from drifting;
            1e-4 is usual. Class weights do not touch it.
        normalizer: Positive divisor in place of the number of real tokens; see `TokenLoss`.
        reduction: See `TokenLoss`; `"mean_with_sample_weight"` with `class_weights` is the weighted
            mean of PyTorch's `weight=`.
        name: Name of the loss.
        dtype: Type of the computation, by default `keras.config.floatx()`.

    Raises:
        ValueError: For arguments out of range, or labels and logits whose shapes do not fit. A
            label outside `[0, V)` that is not ignored is not looked for: it gives NaN on JAX and an
            error, or a wrong value, elsewhere.

    Differs from: `keras.losses.SparseCategoricalCrossentropy(from_logits=True)`, which has no
        smoothing, weights or z-loss and builds a one-hot on JAX;
        `torch.nn.functional.cross_entropy`, which by default divides by the sum of the class
        weights.

    Example:
        >>> loss = SoftmaxCrossEntropy(ignored_index=-1)
        >>> round(float(loss([0, -1], [[2.0, 0.0], [5.0, 5.0]])), 4)
        0.1269

    Reference: Szegedy et al., 2015, section 7, https://arxiv.org/abs/1512.00567 (smoothing);
        Chowdhery et al., 2022, section 5, https://arxiv.org/abs/2204.02311 (z-loss)
    """

    def __init__(
        self,
        label_smoothing: float = 0.0,
        ignored_index: int | None = None,
        class_weights: Sequence[float] | None = None,
        z_loss: float = 0.0,
        normalizer: float | None = None,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "softmax_cross_entropy",
        **kwargs: Any,
    ) -> None:
        super().__init__(
            ignored_index=ignored_index,
            normalizer=normalizer,
            reduction=reduction,
            name=name,
            **kwargs,
        )
        _checks.rate("label_smoothing", label_smoothing)
        _checks.at_least_zero("z_loss", z_loss)
        if class_weights is not None and not all(weight >= 0 for weight in class_weights):
            raise UserError(f"`class_weights` must be at least 0. Received: {class_weights=}")
        self.label_smoothing = label_smoothing
        self.class_weights = class_weights
        self.z_loss = z_loss

    def token_losses(self, y_true: Any, y_pred: Any) -> Any:
        """The terms, one a token; class weights included."""
        weights = self._class_weights(y_pred.dtype)
        if weights is not None and y_pred.shape[-1] not in (None, weights.shape[0]):
            raise UserError(
                f"`class_weights` must have one number a class. Expected: {y_pred.shape[-1]} "
                f"(axis V of y_pred: {tuple(y_pred.shape)}), received: {weights.shape[0]}"
            )
        normalizer = ops.logsumexp(y_pred, axis=-1)
        picked = ops.take_along_axis(y_pred, ops.expand_dims(y_true, -1), axis=-1)
        terms = normalizer - ops.squeeze(picked, axis=-1)
        if weights is not None:
            terms = terms * ops.take(weights, y_true)
        if self.label_smoothing:
            terms = (1 - self.label_smoothing) * terms
            terms = terms + self.label_smoothing * _spread(y_pred, normalizer, weights)
        if self.z_loss:
            terms = terms + self.z_loss * ops.square(normalizer)
        return terms

    def divisor(self, weights: Any, real: Any, y_true: Any) -> Any:
        """Number of real tokens, or the sum of their sample and class weights."""
        if self.reduction == "mean_with_sample_weight" and self.class_weights is not None:
            weights = weights * ops.take(self._class_weights(weights.dtype), y_true)
        return super().divisor(weights, real, y_true)

    def _class_weights(self, dtype: str) -> Any:
        if self.class_weights is None:
            return None
        return ops.convert_to_tensor(list(self.class_weights), dtype=dtype)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "label_smoothing": self.label_smoothing,
            "class_weights": self.class_weights,
            "z_loss": self.z_loss,
        }


def _spread(logits: Any, normalizer: Any, weights: Any) -> Any:
    """Mean over the classes of the weighted negative log-probability."""
    if weights is None:
        return normalizer - ops.mean(logits, axis=-1)
    classes = logits.shape[-1]
    return (normalizer * ops.sum(weights) - ops.matmul(logits, weights)) / classes

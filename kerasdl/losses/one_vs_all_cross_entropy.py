"""A logistic term for each class, summed, from integer labels."""

from typing import Any

import keras
from keras import ops

from kerasdl.losses.token_loss import TokenLoss


@keras.saving.register_keras_serializable(package="kerasdl")
class OneVsAllCrossEntropy(TokenLoss):
    """One yes-or-no question per class: `sum_k softplus(z[k]) - z[y]`.

    That is the sum over the classes of the binary cross-entropy of "is it class k?" with the
    logit `z[k]`, and the mean over real tokens. The classes' probabilities `sigmoid(z[k])` need
    not sum to 1, so "none of them" can be said. No one-hot is made.

    Shapes: `...` any axes, `V` classes. `y_true` integers `(...)` or `(..., 1)`, `y_pred` logits
    `(..., V)`.

    Masking: as in `TokenLoss`: padded tokens and those labelled `ignored_index` do not count.

    Args:
        ignored_index: Label of tokens that do not count, such as `-1`.
        normalizer: Positive divisor in place of the number of real tokens; see `TokenLoss`.
        reduction: See `TokenLoss`.
        name: Name of the loss.
        dtype: Type of the computation, by default `keras.config.floatx()`.

    Raises:
        ValueError: For arguments out of range, or labels and logits whose shapes do not fit.

    Differs from: `keras.losses.BinaryCrossentropy` on one-hot labels, which averages over the
        classes: its value is this one divided by `V`.

    Example:
        >>> round(float(OneVsAllCrossEntropy()([0], [[2.0, 0.0]])), 4)
        0.8201

    Reference: Rifkin & Klautau, 2004, https://www.jmlr.org/papers/v5/rifkin04a.html
    """

    def __init__(
        self,
        ignored_index: int | None = None,
        normalizer: float | None = None,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "one_vs_all_cross_entropy",
        **kwargs: Any,
    ) -> None:
        super().__init__(
            ignored_index=ignored_index,
            normalizer=normalizer,
            reduction=reduction,
            name=name,
            **kwargs,
        )

    def token_losses(self, y_true: Any, y_pred: Any) -> Any:
        """The terms, one a token."""
        picked = ops.take_along_axis(y_pred, ops.expand_dims(y_true, -1), axis=-1)
        return ops.sum(ops.softplus(y_pred), axis=-1) - ops.squeeze(picked, axis=-1)

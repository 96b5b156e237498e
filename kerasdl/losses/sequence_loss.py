"""Any loss over the real steps of padded sequences."""

import math
from typing import Any

import keras
from keras import ops

from kerasdl.errors import UserError
from kerasdl.losses import _checks
from kerasdl.losses.token_loss import TokenLoss


@keras.saving.register_keras_serializable(package="kerasdl")
class SequenceLoss(TokenLoss):
    """Another loss at every real step of a sequence; what the sum is divided by is a choice.

    With `term[b, t]` the wrapped loss and `real[b, t]` 0 at padding:

    | `average` | value | a sequence counts |
    |---|---|---|
    | `"step"` | `sum real * term / sum real` | by its length |
    | `"sequence"` | mean over `b` of `sum_t real * term / sum_t real` | like every other |
    | `"sum"` | mean over `b` of `sum_t real * term` | by its length; `-log p` of whole sequences |

    Sequences without a real step are not counted. A step is real unless its target is
    `padding_value` (in all features) or the mask of `y_pred` leaves it out. Padded targets reach
    the wrapped loss as 0, so NaN may mark them.

    Shapes: `B` batch, `T` steps. `y_true` `(B, T)` or `(B, T, D)`, `y_pred` what the wrapped loss
    takes, `sample_weight` `(B,)` or `(B, T)`.

    Masking: reads the mask of `y_pred`.

    Args:
        loss: A Keras loss, its name or its serialized form, that gives one value per step; `None`
            if `y_pred` already is the loss of each step, as `ChunkedCrossEntropy` yields it.
        padding_value: Target that marks padding: a number, or NaN.
        average: As in the table.
        normalizer: Positive divisor in place of the number of real steps (of sequences, unless
            `average="step"`); see `TokenLoss`.
        reduction: `"sum_over_batch_size"` as in the table, `"sum"` for no division, `None` for one
            value per step.
        name: Name of the loss.
        dtype: Type of the computation, by default `keras.config.floatx()`.

    Raises:
        ValueError: If an argument is out of range, or the wrapped loss does not give `(B, T)`.

    Differs from: the wrapped loss by itself, which counts padding as data unless the model carries
        a mask.

    Example:
        >>> loss = SequenceLoss("mse", padding_value=0.0)
        >>> float(loss([[[1.0], [0.0]]], [[[3.0], [9.0]]]))
        4.0
    """

    def __init__(
        self,
        loss: Any = None,
        padding_value: float | None = None,
        average: str = "step",
        normalizer: float | None = None,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "sequence_loss",
        **kwargs: Any,
    ) -> None:
        super().__init__(normalizer=normalizer, reduction=reduction, name=name, **kwargs)
        _checks.one_of("average", average, ("step", "sequence", "sum"))
        _checks.one_of("reduction", reduction, ("sum_over_batch_size", "sum", "none", None))
        self.loss = None if loss is None else keras.losses.get(loss)
        self.padding_value = padding_value
        self.average = average

    def prepare(self, y_true: Any, y_pred: Any) -> Any:
        """Checks that there is a step axis; floating-point targets in the loss's type."""
        y_true = ops.convert_to_tensor(y_true)
        if len(y_true.shape) < 2 or len(y_pred.shape) < 2:
            raise UserError(
                "SequenceLoss takes `y_true` (B, T, ...) and `y_pred` (B, T, ...). Received: "
                f"y_true {tuple(y_true.shape)}, y_pred {tuple(y_pred.shape)}"
            )
        floating = keras.backend.is_float_dtype(y_true.dtype)
        return ops.cast(y_true, self.dtype) if floating else y_true

    def real_tokens(self, y_true: Any) -> Any:
        """Boolean `(B, T)`, true where any feature of the target differs from `padding_value`."""
        if self.padding_value is None:
            return None
        if math.isnan(self.padding_value):
            real = ops.logical_not(ops.isnan(y_true))
        else:
            real = ops.not_equal(y_true, ops.cast(self.padding_value, y_true.dtype))
        return ops.any(real, axis=tuple(range(2, len(real.shape)))) if len(real.shape) > 2 else real

    def blank(self, y_true: Any, real: Any) -> Any:
        """`y_true` with 0 at every feature of a padded step."""
        for _ in range(len(y_true.shape) - 2):
            real = ops.expand_dims(real, axis=-1)
        return ops.where(real, y_true, ops.zeros_like(y_true))

    def token_losses(self, y_true: Any, y_pred: Any) -> Any:
        """The wrapped loss, one value a step."""
        terms = self._inner(y_true, y_pred)
        if len(terms.shape) == 3 and terms.shape[-1] == 1:
            terms = ops.squeeze(terms, axis=-1)
        if len(terms.shape) != 2:
            raise UserError(
                "`loss` must give one value per step, of shape (B, T). "
                f"Received: {self.loss} with a result of shape {tuple(terms.shape)}"
            )
        return terms

    def _inner(self, y_true: Any, y_pred: Any) -> Any:
        if self.loss is None:
            return y_pred
        inner = self.loss.call if isinstance(self.loss, keras.Loss) else self.loss
        return ops.cast(inner(y_true, y_pred), self.dtype)

    def step_weights(self, real: Any) -> Any:
        """1 at real steps, or one over the number of the sequence's real steps."""
        if self.average != "sequence":
            return real
        return ops.divide_no_nan(real, ops.sum(real, axis=1, keepdims=True))

    def divisor(self, weights: Any, real: Any, y_true: Any) -> Any:
        """Number of real steps, or of sequences that have any."""
        return ops.sum(real if self.average == "step" else ops.max(real, axis=1))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        config = super().get_config()
        del config["ignored_index"]
        return {
            **config,
            "loss": None if self.loss is None else keras.saving.serialize_keras_object(self.loss),
            "padding_value": self.padding_value,
            "average": self.average,
        }

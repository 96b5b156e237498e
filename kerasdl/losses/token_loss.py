"""The base of losses that have one term per token and a mean over real tokens."""

import abc
import functools
from typing import Any

import keras
from keras import ops

from kerasdl.errors import UserError

_MEANS = ("sum_over_batch_size", "mean", "mean_with_sample_weight")


class TokenLoss(keras.Loss, abc.ABC):
    """Base class: one loss term per token, and the mean over the tokens that are real.

    `loss = sum_i real_i * weight_i * term_i / divisor`. A token is real unless its label is
    `ignored_index`, the mask of `y_pred` says padding, or its sample weight is 0. A subclass gives
    `token_losses`.

    | `reduction` | divisor |
    |---|---|
    | `"sum_over_batch_size"`, `"mean"` | number of real tokens |
    | `"mean_with_sample_weight"` | sum of the weights of real tokens |
    | `"sum"` | 1 |
    | `None` | nothing is summed: one weighted term per token, 0 where ignored |

    Gradients accumulated over micro-batches, or over the replicas of `tf.distribute`, are averaged
    by Keras: a loss sees its own micro-batch only, so short ones would count as much as long ones.
    `normalizer` is the divisor to use instead: the real tokens of the whole step divided by the
    number of micro-batches and of replicas. The step is then the one of the undivided batch.

    Shapes: `...` any axes, `V` classes. `y_true` `(...)` or `(..., 1)`, `y_pred` `(..., V)`,
    `sample_weight` `(...)` or any leading part of it.

    Masking: reads the mask of `y_pred`.

    Args:
        ignored_index: Label of tokens that do not count, such as `-1`; any integer.
        normalizer: Positive divisor in place of the one in the table.
        reduction: As in the table.
        name: Name of the loss.
        dtype: Type of the computation, by default `keras.config.floatx()`.

    Raises:
        ValueError: If `normalizer` is not positive or meets a reduction that does not divide, or
            the shapes do not fit.

    Differs from: `keras.Loss`, which counts tokens of weight 0 in its divisor, fails on a
        `sample_weight` of one value per sequence, and casts integer labels to floating point.
    """

    def __init__(
        self,
        ignored_index: int | None = None,
        normalizer: float | None = None,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        if ignored_index is not None and not isinstance(ignored_index, int):
            raise UserError(
                f"`ignored_index` must be an integer or None. Received: {ignored_index=}"
            )
        if normalizer is not None and not normalizer > 0:
            raise UserError(f"`normalizer` must be positive. Received: {normalizer=}")
        if normalizer is not None and reduction not in _MEANS:
            raise UserError(
                f"`normalizer` needs a reduction that divides, one of {_MEANS}. "
                f"Received: {reduction=}"
            )
        self.ignored_index = ignored_index
        self.normalizer = normalizer
        self._mask_of = _MaskReader()
        self._per_replica = _PerReplica()

    @abc.abstractmethod
    def token_losses(self, y_true: Any, y_pred: Any) -> Any:
        """One term per token; `y_true` holds a valid label (0) where the token is ignored."""

    def real_tokens(self, y_true: Any) -> Any:
        """Boolean, true where the label is not `ignored_index`; `None` where all count."""
        if self.ignored_index is None:
            return None
        return ops.not_equal(y_true, ops.cast(self.ignored_index, y_true.dtype))

    def prepare(self, y_true: Any, y_pred: Any) -> Any:
        """Checks the shapes and returns labels as `int32` without a last axis of length 1."""
        y_true = ops.convert_to_tensor(y_true)
        if len(y_true.shape) == len(y_pred.shape) and y_true.shape[-1] == 1:
            y_true = ops.squeeze(y_true, axis=-1)
        expected, received = tuple(y_pred.shape[:-1]), tuple(y_true.shape)
        if len(expected) != len(received) or any(
            a != b for a, b in zip(expected, received, strict=True) if None not in (a, b)
        ):
            raise UserError(
                f"{type(self).__name__} takes integer labels `y_true` of shape (...) for logits "
                f"`y_pred` of shape (..., V). Expected y_true: {expected}, received: {received} "
                f"with y_pred: {tuple(y_pred.shape)}"
            )
        return ops.cast(y_true, "int32")

    def blank(self, y_true: Any, real: Any) -> Any:
        """`y_true` with 0 in place of what is not real."""
        return ops.where(real, y_true, ops.zeros_like(y_true))

    def step_weights(self, real: Any) -> Any:
        """Weight of each token before sample weights, 0 where it is not real."""
        return real

    def divisor(self, weights: Any, real: Any, y_true: Any) -> Any:
        """What the sum of the weighted terms is divided by."""
        return ops.sum(weights if self.reduction == "mean_with_sample_weight" else real)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """One term per token, 0 where the label is ignored."""
        y_pred = ops.convert_to_tensor(y_pred, dtype=self.dtype)
        return self._terms(self.prepare(y_true, y_pred), y_pred)[0]

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """The loss of a batch, reduced as `reduction` says."""
        mask = self._mask_of(y_pred) if ops.is_tensor(y_pred) else None
        with keras.name_scope(self.name):
            y_pred = ops.convert_to_tensor(y_pred, dtype=self.dtype)
            y_true = self.prepare(y_true, y_pred)
            terms, real, y_true = self._terms(y_true, y_pred, mask)
            given = 1 if sample_weight is None else _aligned(sample_weight, terms)
            if sample_weight is not None:
                real = real * ops.cast(ops.not_equal(given, 0), real.dtype)
            weights = self.step_weights(real) * given
            if self.reduction in (None, "none"):
                return terms * weights
            return self._reduce(terms, weights, real, y_true)

    def _terms(self, y_true: Any, y_pred: Any, mask: Any = None) -> tuple[Any, Any, Any]:
        """The terms, 1 where the token is real, and the labels with 0 where it is not."""
        real = _both(self.real_tokens(y_true), mask)
        if real is None:
            terms = self.token_losses(y_true, y_pred)
            return terms, ops.ones_like(terms), y_true
        y_true = self.blank(y_true, real)
        terms = self.token_losses(y_true, y_pred)
        terms = ops.where(real, terms, ops.zeros_like(terms))
        return terms, ops.cast(real, terms.dtype), y_true

    def _reduce(self, terms: Any, weights: Any, real: Any, y_true: Any) -> Any:
        total = ops.sum(terms * weights)
        if self.reduction == "sum":
            return total
        if self.normalizer is None:
            total = ops.divide_no_nan(total, self.divisor(weights, real, y_true))
        else:
            total = total / self.normalizer
        return self._per_replica(total, ops.reshape(total, (1,)))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "ignored_index": self.ignored_index,
            "normalizer": self.normalizer,
            "dtype": self.dtype,
        }


class _MaskReader(keras.layers.Layer):
    """Hands back the mask of a tensor; an attribute would not do, as JAX arrays take none."""

    def __init__(self) -> None:
        super().__init__(autocast=False, name="mask_reader")
        self.supports_masking = True

    def call(self, inputs: Any, mask: Any = None) -> Any:
        return mask


class _PerReplica(keras.Loss):
    """Keras's own scaling of a mean under `tf.distribute`, which sums over replicas."""

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return y_pred


def _both(*conditions: Any) -> Any:
    """True where all of the given conditions are; `None` if none is given."""
    given = [ops.cast(condition, "bool") for condition in conditions if condition is not None]
    return functools.reduce(ops.logical_and, given) if given else None


def _aligned(sample_weight: Any, losses: Any) -> Any:
    """`sample_weight` with axes of length 1 appended until it has the rank of `losses`."""
    weight = ops.convert_to_tensor(sample_weight, dtype=losses.dtype)
    if len(weight.shape) == len(losses.shape) + 1 and weight.shape[-1] == 1:
        weight = ops.squeeze(weight, axis=-1)
    while len(weight.shape) < len(losses.shape):
        weight = ops.expand_dims(weight, axis=-1)
    return weight

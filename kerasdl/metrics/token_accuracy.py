"""The share of tokens that are predicted right."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kerasdl")
class TokenAccuracy(keras.metrics.Metric):
    """The share of real tokens whose highest logit is the right one.

    Shapes: `...` any axes (`B, T`), `V` tokens. `y_true` integers `(...)`, `y_pred` `(..., V)`.

    Args:
        ignored_index: Label of tokens that do not count; None counts all.
        name: Name of the metric.
        dtype: Type of the sums.

    Differs from: `keras.metrics.SparseCategoricalAccuracy`, which counts padding unless weights
        leave it out.

    Example:
        >>> metric = TokenAccuracy(ignored_index=0)
        >>> metric.update_state([[1, 2, 0]], keras.ops.one_hot([[1, 1, 1]], 3))
        >>> float(metric.result())
        0.5
    """

    def __init__(
        self, ignored_index: int | None = None, name: str = "token_accuracy", dtype: Any = None
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.ignored_index = ignored_index
        self.right = self.add_variable(shape=(), initializer="zeros", name="right")
        self.count = self.add_variable(shape=(), initializer="zeros", name="count")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Adds a batch; tokens of weight 0 do not count, and weights count as they are."""
        labels = ops.cast(ops.convert_to_tensor(y_true), "int32")
        hit = ops.equal(labels, ops.cast(ops.argmax(y_pred, axis=-1), "int32"))
        weight = ops.ones_like(hit, dtype=self.dtype)
        if self.ignored_index is not None:
            weight = ops.cast(ops.not_equal(labels, self.ignored_index), self.dtype)
        if sample_weight is not None:
            own = ops.cast(sample_weight, self.dtype)
            while len(own.shape) < len(weight.shape):
                own = ops.expand_dims(own, -1)
            weight = weight * own
        self.right.assign(self.right + ops.sum(ops.cast(hit, self.dtype) * weight))
        self.count.assign(self.count + ops.sum(weight))

    def result(self) -> Any:
        """The share so far; 0 before any token."""
        return ops.divide_no_nan(self.right, self.count)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "ignored_index": self.ignored_index}

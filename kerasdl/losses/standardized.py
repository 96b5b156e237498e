"""A regression loss measured in standard deviations of the target."""

from collections.abc import Sequence
from typing import Any

import keras

from kerasdl.errors import UserError


@keras.saving.register_keras_serializable(package="kerasdl")
class StandardizedLoss(keras.losses.Loss):
    """Another loss, of target and prediction both standardized.

    `loss((y_true - mean) / scale, (y_pred - mean) / scale)`

    The model's outputs stay in the target's own unit, while gradients are those of training on
    standardized targets.

    Shapes: `B` batch, `K` outputs. Both `(B, K)`.

    Args:
        loss: A Keras loss, its name, or its serialized form.
        mean: `K` means.
        scale: `K` standard deviations, positive.

    Raises:
        UserError: If a scale is not positive.

    Differs from: standardizing the targets beforehand, after which metrics and predictions are
        in standard deviations too.

    Example:
        >>> float(StandardizedLoss("mse", mean=[10.0], scale=[2.0])([[14.0]], [[10.0]]))
        4.0
    """

    def __init__(
        self,
        loss: Any,
        mean: Sequence[float],
        scale: Sequence[float],
        name: str = "standardized_loss",
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        if not all(value > 0 for value in scale):
            raise UserError(f"`scale` must be positive. Received: scale={list(scale)}")
        self.loss = keras.losses.get(loss)
        self.mean = list(mean)
        self.scale = list(scale)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The wrapped loss, one value a sample where it gives that."""
        y_pred = keras.ops.convert_to_tensor(y_pred)
        mean = keras.ops.convert_to_tensor(self.mean, y_pred.dtype)
        scale = keras.ops.convert_to_tensor(self.scale, y_pred.dtype)
        y_true = keras.ops.cast(y_true, y_pred.dtype)
        inner = self.loss.call if isinstance(self.loss, keras.losses.Loss) else self.loss
        return inner((y_true - mean) / scale, (y_pred - mean) / scale)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        loss = keras.losses.serialize(self.loss)
        return {**super().get_config(), "loss": loss, "mean": self.mean, "scale": self.scale}

"""A learned factor for each feature."""

from typing import Any

import keras
from keras import ops

from kerasdl.layers import _checks


@keras.saving.register_keras_serializable(package="kerasdl")
class LayerScale(keras.layers.Layer):
    """Scales each feature by a trained factor that starts near 0.

    `y = gamma * x`, `gamma` of shape `(D,)`. At the end of a residual branch it lets a deep
    network start near the identity.

    Shapes: `D` features. Input and output `(..., D)`.

    Masking: passes the mask on.
    Cost: one product a value, `D` parameters.

    Args:
        initial: First value of every factor.

    Raises:
        UserError: If `initial` is not positive.

    Differs from: `keras.layers.LayerNormalization`, which also divides by a deviation.

    Example:
        >>> LayerScale(0.5)(keras.ops.ones((1, 2))).tolist()
        [[0.5, 0.5]]

    Reference: Touvron et al., 2021, section 2, https://arxiv.org/abs/2103.17239
    """

    def __init__(self, initial: float = 1e-5, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        _checks.above_zero("initial", initial)
        self.initial = initial
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        """Creates the factors."""
        size = _checks.known("inputs", input_shape, -1, "features")
        initializer = keras.initializers.Constant(self.initial)
        self.gamma = self.add_weight((size,), initializer=initializer, name="gamma")

    def call(self, inputs: Any) -> Any:
        """The scaled features."""
        return inputs * ops.cast(self.gamma, inputs.dtype)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The input's shape."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "initial": self.initial}

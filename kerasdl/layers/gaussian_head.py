"""A head that predicts a mean and a variance."""

from typing import Any

import keras
from keras import ops

from kerasdl.layers import _checks


@keras.saving.register_keras_serializable(package="kerasdl")
class GaussianHead(keras.layers.Layer):
    """Means and variances of a Gaussian for each output, the variance through an exponential.

    `[x @ Wm + bm, exp(x @ Wv + bv)]`

    With zero biases it starts near variance 1, so targets should be about standardized. Train it
    with `GaussianNLL`.

    Shapes: `...` any axes, `D` features, `U` outputs. Input `(..., D)`, output `(..., 2 * U)`: the
    means, then the variances.

    Masking: passes the mask of its input on.

    Mixed precision: the exponential leaves the range of `float16` above a log-variance of 11 and
    below -17; `dtype="float32"` for this layer costs next to nothing.

    Args:
        units: Number of outputs `U`.
        kernel_initializer: Of the kernel `(D, 2 * U)`.
        bias_initializer: Of the bias `(2 * U,)`.
        kernel_regularizer: Of the kernel.

    Raises:
        ValueError: If `units` is not a positive integer.

    Differs from: heads that return the log-variance: here every output is in the target's unit, or
        its square, as `predict` should have it.

    Example:
        >>> GaussianHead(1)(keras.ops.ones((4, 8))).shape
        (4, 2)

    Reference: Nix & Weigend, 1994, https://doi.org/10.1109/ICNN.1994.374138
    """

    def __init__(
        self,
        units: int,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        _checks.positive("units", units)
        self.supports_masking = True
        self.units = units
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)

    def build(self, input_shape: Any) -> None:
        """Creates the kernel and the bias, means first."""
        features = _checks.known("inputs", input_shape, -1, "features")
        self.kernel = self.add_weight(
            shape=(features, 2 * self.units),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            name="kernel",
        )
        self.bias = self.add_weight(
            shape=(2 * self.units,), initializer=self.bias_initializer, name="bias"
        )

    def call(self, inputs: Any) -> Any:
        """Means, then variances, along the last axis."""
        outputs = ops.matmul(inputs, self.kernel) + self.bias
        means, log_variances = ops.split(outputs, 2, axis=-1)
        return ops.concatenate([means, ops.exp(log_variances)], axis=-1)

    def compute_output_shape(self, input_shape: Any) -> tuple:
        """`(..., 2 * U)`."""
        return (*input_shape[:-1], 2 * self.units)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "units": self.units,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
            "kernel_regularizer": keras.regularizers.serialize(self.kernel_regularizer),
        }

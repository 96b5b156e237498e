"""The residual block of dense layers."""

from typing import Any

import keras

from kerasdl.layers import _checks
from kerasdl.layers._dense import built_dense
from kerasdl.layers._tensors import flat


@keras.saving.register_keras_serializable(package="kerasdl")
class ResidualMLPBlock(keras.layers.Layer):
    """Two dense layers around which the input passes unchanged.

    `y = z + f(f(z W_1 + b_1) W_2 + b_2)`: an activation after each product, the last one inside
    the branch, so that the sum is not squashed.

    Shapes: `D` features. Input and output `(..., D)`.

    Masking: passes the mask on.
    Cost: `4 * hidden_size * D` a row.

    Args:
        hidden_size: Width between the two; None for `D`.
        activation: `f`.
        kernel_initializer: Of both matrices.

    Raises:
        UserError: If `hidden_size` is not a positive integer.

    Differs from: `FeedForward`, which has no activation at its end and adds nothing.

    Example:
        >>> ResidualMLPBlock()(keras.ops.ones((2, 8))).shape
        (2, 8)

    Reference: He et al., 2016, equation 1, https://arxiv.org/abs/1512.03385
    """

    def __init__(
        self,
        hidden_size: int | None = None,
        activation: Any = "relu",
        kernel_initializer: Any = "glorot_uniform",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        _checks.optional_positive("hidden_size", hidden_size)
        self.hidden_size = hidden_size
        self.activation = keras.activations.get(activation)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        """Creates the two products."""
        features = _checks.known("inputs", input_shape, -1, "features")
        hidden = self.hidden_size or features
        how = {"kernel_initializer": self.kernel_initializer, "activation": self.activation}
        self.first = built_dense(self, features, hidden, "first", **how)
        self.second = built_dense(self, hidden, features, "second", **how)

    def call(self, inputs: Any) -> Any:
        """The input plus the branch."""
        return inputs + flat(lambda rows: self.second(self.first(rows)), inputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The input's shape."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "hidden_size": self.hidden_size,
            "activation": keras.activations.serialize(self.activation),
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }

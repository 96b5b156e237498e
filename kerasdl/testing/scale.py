"""The smallest trainable layer."""

from typing import Any

import keras


@keras.saving.register_keras_serializable(package="kerasdl.testing")
class Scale(keras.layers.Layer):
    """`y = scale * x` with one trainable number that starts at 1.

    Shapes: any; the output's is the input's. Masks pass through.

    Differs from: `keras.layers.Rescaling`, whose factor is not trained.

    Example:
        >>> float(Scale()(keras.ops.ones((1,)))[0])
        1.0
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        """Creates the factor."""
        self.scale = self.add_weight(shape=(), initializer="ones", name="scale")

    def call(self, inputs: Any) -> Any:
        """The product."""
        return inputs * self.scale

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The input's."""
        return input_shape

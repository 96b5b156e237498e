"""A learned vector in front of a sequence."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kerasdl_transformer")
class ClassToken(keras.layers.Layer):
    """Puts one learned vector in front of each sequence.

    `y[b] = concat(token, x[b])`.

    Shapes: `B` batch, `T` time steps, `D` features. Input `(B, T, D)`, output `(B, T + 1, D)`.

    Masking: none.
    Cost: a copy; `D` parameters.

    Args:
        initializer: Of the vector.

    Differs from: a special token of the vocabulary: images have none.

    Example:
        >>> ClassToken()(keras.ops.ones((2, 5, 8))).shape
        (2, 6, 8)

    Reference: Dosovitskiy et al., 2021, section 3.1, https://arxiv.org/abs/2010.11929
    """

    def __init__(self, initializer: Any = "zeros", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.initializer = keras.initializers.get(initializer)

    def build(self, input_shape: Any) -> None:
        """Creates the vector."""
        shape = (1, 1, input_shape[-1])
        self.token = self.add_weight(shape, initializer=self.initializer, name="token")

    def call(self, inputs: Any) -> Any:
        """The longer sequences."""
        token = ops.cast(self.token, inputs.dtype)
        token = ops.broadcast_to(token, (ops.shape(inputs)[0], 1, inputs.shape[-1]))
        return ops.concatenate([token, inputs], axis=1)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """`(B, T + 1, D)`."""
        batch, steps, size = input_shape
        return (batch, None if steps is None else steps + 1, size)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        config = {"initializer": keras.initializers.serialize(self.initializer)}
        return {**super().get_config(), **config}

"""One vector for a text."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kerasdl_transformer")
class MeanOverText(keras.layers.Layer):
    """Mean over the real steps of each text.

    `y[b] = sum_{t < length[b]} x[b, t] / max(length[b], 1)`.

    Shapes: `B` batch, `T` time steps, `D` features. Input `(B, T, D)` and lengths `(B,)`, output
    `(B, D)`.

    Masking: by lengths. A text without a real step gives zeros.
    Cost: a sum; no parameters.

    Call arguments:
        inputs, lengths: As above.

    Differs from: `keras.layers.GlobalAveragePooling1D` by the lengths, and by empty texts.

    Example:
        >>> MeanOverText()(keras.ops.ones((2, 5, 8)), lengths=keras.ops.array([3, 0])).shape
        (2, 8)
    """

    def call(self, inputs: Any, lengths: Any) -> Any:
        """The means."""
        steps = ops.arange(ops.shape(inputs)[1], dtype="int32")
        lengths = ops.cast(lengths, "int32")[:, None]
        real = ops.cast(steps[None, :] < lengths, inputs.dtype)
        count = ops.cast(ops.maximum(lengths, 1), inputs.dtype)
        return ops.sum(inputs * real[:, :, None], axis=1) / count

    def compute_output_shape(self, inputs_shape: Any, lengths_shape: Any = None) -> Any:
        """`(B, D)`."""
        return (inputs_shape[0], inputs_shape[2])

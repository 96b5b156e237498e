"""Sinusoidal positions."""

from typing import Any

import keras
from keras import ops

from kerasdl.layers import _checks, _positions
from kerasdl.layers._tensors import wide


@keras.saving.register_keras_serializable(package="kerasdl")
class SinusoidalPositions(keras.layers.Layer):
    """Adds fixed sines and cosines of the position to embeddings.

    `y[t, 2k] = x[t, 2k] + sin(t / base**(2k / D))`,
    `y[t, 2k + 1] = x[t, 2k + 1] + cos(t / base**(2k / D))`.

    Shapes: `B` batch, `T` time steps, `D` features. Input and output `(B, T, D)`.

    Masking: passes the mask on; padded steps are shifted like the others.
    Cost: `T * D` values; no parameters and no greatest length. Computed in float32.

    Args:
        base: Sets the longest wavelength, `2 pi base` steps.

    Call arguments:
        inputs: As above.
        position: Position of the first step: an integer, or a scalar or `(B,)` tensor.

    Raises:
        UserError: If `base` is not positive, or the input has not three axes.

    Differs from: `LearnedPositions`, which has a table to train and a greatest length.

    Example:
        >>> SinusoidalPositions()(keras.ops.zeros((1, 2, 2)))[0, 0].tolist()
        [0.0, 1.0]

    Reference: Vaswani et al., 2017, section 3.5, https://arxiv.org/abs/1706.03762
    """

    def __init__(self, base: float = 10000.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        _checks.above_zero("base", base)
        self.base = base
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        """Checks the shape."""
        _checks.axes("inputs", input_shape, "B, T, D")
        _checks.known("inputs", input_shape, -1, "features")

    def call(self, inputs: Any, position: Any = 0) -> Any:
        """The embeddings with their positions added."""
        size = inputs.shape[-1]
        pairs = (size + 1) // 2
        dtype = wide(inputs.dtype)
        rates = ops.power(float(self.base), -2.0 * ops.arange(pairs, dtype=dtype) / size)
        positions = _positions.from_offset(position, ops.shape(inputs)[1])
        angles = ops.expand_dims(ops.cast(positions, dtype), -1) * rates
        waves = ops.stack([ops.sin(angles), ops.cos(angles)], axis=-1)
        table = ops.reshape(waves, (*ops.shape(angles)[:-1], 2 * pairs))[..., :size]
        return inputs + ops.cast(table, inputs.dtype)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The input's shape."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "base": self.base}

"""Rotary positions."""

from typing import Any

import keras
from keras import ops

from kerasdl.errors import UserError
from kerasdl.layers import _checks, _positions
from kerasdl.layers._tensors import wide


@keras.saving.register_keras_serializable(package="kerasdl")
class RotaryPositions(keras.layers.Layer):
    """Rotates pairs of features by an angle that grows with the position (RoPE).

    With `h = H / 2`, feature `k < h` is paired with `k + h` and turned by `a = t * base**(-k / h)`:
    `y[k] = x[k] cos(a) - x[k + h] sin(a)`, `y[k + h] = x[k] sin(a) + x[k + h] cos(a)`.
    Products of rotated queries and keys then depend on positions only through their difference.

    Shapes: `B` batch, `T` time steps, `N` heads, `H` head size (even). Input and output
    `(B, T, N, H)`.

    Masking: passes the mask on.
    Cost: four products a feature; no parameters. Angles are computed in float32.

    Args:
        base: Sets the longest wavelength, `2 pi base**((h - 1) / h)` steps.

    Call arguments:
        inputs: As above.
        position: Position of the first step: an integer, or a scalar or `(B,)` tensor.

    Raises:
        UserError: If `base` is not positive, the input has not four axes, or `H` is odd.

    Differs from: the paper, which pairs neighbouring features `2k` and `2k + 1`; this is the
        same after a fixed permutation of the features, and is what released weights expect.

    Example:
        >>> RotaryPositions()(keras.ops.ones((2, 5, 3, 8))).shape
        (2, 5, 3, 8)

    Reference: Su et al., 2021, section 3.2, https://arxiv.org/abs/2104.09864
    """

    def __init__(self, base: float = 10000.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        _checks.above_zero("base", base)
        self.base = base
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        """Checks the shape."""
        _checks.axes("inputs", input_shape, "B, T, N, H")
        check_head_size(_checks.known("inputs", input_shape, -1, "head size"))

    def call(self, inputs: Any, position: Any = 0) -> Any:
        """The rotated features."""
        return rotate(inputs, _positions.from_offset(position, ops.shape(inputs)[1]), self.base)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The input's shape."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "base": self.base}


def check_head_size(head_size: int) -> None:
    """Raises if heads of this size cannot be rotated."""
    if head_size % 2:
        raise UserError(f"rotary positions need an even `head_size`. Received: {head_size}")


def rotate(inputs: Any, positions: Any, base: float) -> Any:
    """Rotates `(B, T, N, H)` by positions `(T,)` or `(B, T)`."""
    half = inputs.shape[-1] // 2
    dtype = wide(inputs.dtype)
    rates = ops.power(float(base), -ops.arange(half, dtype=dtype) / half)
    angles = ops.expand_dims(ops.cast(positions, dtype), -1) * rates
    # One angle for all heads.
    cosine, sine = (ops.expand_dims(f(angles), -2) for f in (ops.cos, ops.sin))
    features = ops.cast(inputs, dtype)
    first, second = features[..., :half], features[..., half:]
    rotated = ops.concatenate(
        [first * cosine - second * sine, first * sine + second * cosine], axis=-1
    )
    return ops.cast(rotated, inputs.dtype)

"""Images as sequences."""

from typing import Any

import keras
from keras import ops

from kerasdl.errors import UserError


@keras.saving.register_keras_serializable(package="kerasdl_transformer")
class Patches(keras.layers.Layer):
    """Cuts images into square patches, row by row, and gives each as one vector.

    `y[b, i * W / P + j] = flatten(x[b, i P : (i + 1) P, j P : (j + 1) P])`.

    Shapes: `B` batch, `H` rows, `W` columns, `C` channels, `P` patch size. Input `(B, H, W, C)`,
    output `(B, H W / P^2, P P C)`.

    Masking: none.
    Cost: none but the copy.

    Args:
        patch_size: `P`, in pixels.

    Raises:
        UserError: If `patch_size` is not positive, or does not divide both sides.

    Differs from: a convolution of stride `P`, which this and a dense layer equal together.

    Example:
        >>> Patches(4)(keras.ops.ones((2, 8, 12, 3))).shape
        (2, 6, 48)

    Reference: Dosovitskiy et al., 2021, section 3.1, https://arxiv.org/abs/2010.11929
    """

    def __init__(self, patch_size: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if isinstance(patch_size, bool) or not isinstance(patch_size, int) or patch_size < 1:
            raise UserError(
                f"`patch_size` must be a positive integer. Received: patch_size={patch_size!r}"
            )
        self.patch_size = patch_size

    def build(self, input_shape: Any) -> None:
        """Checks the shape."""
        size, sides = self.patch_size, tuple(input_shape[1:3])
        if len(input_shape) != 4 or None in input_shape[1:] or sides[0] % size or sides[1] % size:
            raise UserError(
                "`inputs` must have shape (B, H, W, C), with H and W multiples of "
                f"patch_size={size}. Received: shape={tuple(input_shape)}"
            )

    def call(self, inputs: Any) -> Any:
        """The patches."""
        size = self.patch_size
        _, height, width, channels = inputs.shape
        rows, columns = height // size, width // size
        x = ops.reshape(inputs, (-1, rows, size, columns, size, channels))
        x = ops.transpose(x, (0, 1, 3, 2, 4, 5))
        return ops.reshape(x, (-1, rows * columns, size * size * channels))

    def compute_output_shape(self, input_shape: Any) -> Any:
        """`(B, H W / P^2, P P C)`."""
        batch, height, width, channels = input_shape
        area = self.patch_size**2
        return (batch, height * width // area, area * channels)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "patch_size": self.patch_size}

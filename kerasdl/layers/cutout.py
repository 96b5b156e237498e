"""A square left out of each image in training."""

from typing import Any

import keras
from keras import ops

from kerasdl.errors import UserError
from kerasdl.layers import _checks


@keras.saving.register_keras_serializable(package="kerasdl")
class Cutout(keras.layers.Layer):
    """Sets a square of each image to one value, in training.

    The square's middle is drawn evenly from the image's pixels, for each image; what lies outside
    the image is cut off, so that some images lose less than the whole square.

    Shapes: `(B, H, W, C)` of any dtype to the same.

    Args:
        size: Side of the square, in pixels; at least 0.
        fill: What it is filled with, the same in all channels.
        seed: Of the draws.

    Raises:
        UserError: If `size` is no whole number of at least 0, or the input has no four axes.

    Differs from: `keras.layers.RandomErasing`, which erases rectangles of any shape and size, for
        a share of the images, and turns bytes into floats.

    Example:
        >>> Cutout(4)(np.ones((3, 8, 8, 1)), training=True).shape
        (3, 8, 8, 1)

    Reference: DeVries & Taylor, 2017, https://arxiv.org/abs/1708.04552
    """

    def __init__(
        self, size: int = 8, fill: float = 0.0, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if not isinstance(size, int) or isinstance(size, bool) or size < 0:
            raise UserError(f"`size` must be a whole number of at least 0. Received: {size=}")
        self.size = size
        self.fill = fill
        self.seed = seed
        self.generator = keras.random.SeedGenerator(seed)

    def build(self, input_shape: Any) -> None:
        """Checks the axes."""
        _checks.axes("inputs", input_shape, "B, H, W, C")
        self.built = True

    def call(self, inputs: Any, training: bool = False) -> Any:
        """The images, in training each without a square."""
        if not training or not self.size:
            return inputs
        rows = self._within(inputs, inputs.shape[1])[:, :, None, None]
        columns = self._within(inputs, inputs.shape[2])[:, None, :, None]
        return ops.where(ops.logical_and(rows, columns), ops.cast(self.fill, inputs.dtype), inputs)

    def _within(self, inputs: Any, side: int) -> Any:
        """For each image, which places along an axis the square covers."""
        middle = keras.random.randint((ops.shape(inputs)[0], 1), 0, side, seed=self.generator)
        first = middle - self.size // 2
        places = ops.arange(side, dtype=first.dtype)[None]
        return ops.logical_and(places >= first, places < first + self.size)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """That of the input."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "size": self.size, "fill": self.fill, "seed": self.seed}

"""Images moved by a few pixels in training."""

from typing import Any

import keras
from keras import ops

from kerasdl.errors import UserError
from kerasdl.layers import _checks


@keras.saving.register_keras_serializable(package="kerasdl")
class RandomShift(keras.layers.Layer):
    """Moves each image by up to so many pixels up or down and left or right, in training.

    `y[b, i, j] = x[b, i + u[b], j + v[b]]`, and 0 from outside, with `u` and `v` drawn for each
    image, evenly from `-pixels, ..., pixels`. It is the random crop, of the image's own size, from
    the image padded with zeros.

    Shapes: `(B, H, W, C)` of any dtype to the same.

    Args:
        pixels: How far at most; at least 0.
        seed: Of the draws.

    Raises:
        UserError: If `pixels` is no whole number of at least 0, or the input has no four axes.

    Differs from: `keras.layers.RandomCrop`, which takes one crop for the whole batch and fills
        nothing up; `keras.layers.RandomTranslation`, which resamples and is slower.

    Example:
        >>> RandomShift(2)(np.ones((3, 8, 8, 1)), training=True).shape
        (3, 8, 8, 1)

    Reference: He et al., 2016, section 4.2, https://arxiv.org/abs/1512.03385
    """

    def __init__(self, pixels: int = 4, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(pixels, int) or isinstance(pixels, bool) or pixels < 0:
            raise UserError(f"`pixels` must be a whole number of at least 0. Received: {pixels=}")
        self.pixels = pixels
        self.seed = seed
        self.generator = keras.random.SeedGenerator(seed)

    def build(self, input_shape: Any) -> None:
        """Checks the axes."""
        _checks.axes("inputs", input_shape, "B, H, W, C")
        self.built = True

    def call(self, inputs: Any, training: bool = False) -> Any:
        """The images, moved in training."""
        if not training or not self.pixels:
            return inputs
        _, height, width, _ = inputs.shape
        most = self.pixels
        padded = ops.pad(inputs, [[0, 0], [most, most], [most, most], [0, 0]])
        steps = keras.random.randint(
            (2, ops.shape(inputs)[0], 1), 0, 2 * most + 1, seed=self.generator
        )
        rows, columns = steps[0] + ops.arange(height), steps[1] + ops.arange(width)
        moved = ops.take_along_axis(padded, rows[:, :, None, None], axis=1)
        return ops.take_along_axis(moved, columns[:, None, :, None], axis=2)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """That of the input."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "pixels": self.pixels, "seed": self.seed}

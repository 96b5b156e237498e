"""Noise that forgets some of the inputs."""

from typing import Any

import keras
from keras import ops

from kerasdl.errors import UserError


@keras.saving.register_keras_serializable(package="kerasdl_autoencoder")
class MaskingNoise(keras.layers.Layer):
    """Sets a share of the values to 0 in training: `y = x * m`, `m` 0 with probability `rate`.

    What is left keeps its value. At inference `y = x`.

    Shapes: any; the output has the shape of the input.

    Masking: passes the mask of its input on.

    Args:
        rate: Share of the values set to 0, in [0, 1).
        seed: Seed of the draws.

    Raises:
        UserError: If `rate` is out of range.

    Differs from: `keras.layers.Dropout`, which divides the values left by `1 - rate`.

    Example:
        >>> MaskingNoise(0.3)(keras.ops.ones((2, 5)), training=True).shape
        (2, 5)

    Reference: Vincent et al., 2010, section 3.3, https://www.jmlr.org/papers/v11/vincent10a.html
    """

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 <= rate < 1:
            raise UserError(f"`rate` must be in [0, 1). Received: rate={rate!r}")
        self.supports_masking = True
        self.rate = rate
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, inputs: Any, training: bool = False) -> Any:
        """The input with holes in training, the input itself otherwise."""
        if not training or not self.rate:
            return inputs
        draws = keras.random.uniform(ops.shape(inputs), seed=self.seed_generator)
        return inputs * ops.cast(draws >= self.rate, inputs.dtype)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The input's."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}

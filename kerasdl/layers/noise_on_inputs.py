"""Gaussian noise on what passes through, with a strength that may be annealed."""

from typing import Any

import keras
from keras import ops

from kerasdl.layers.noise_annealing import AnnealedNoise, Strength


@keras.saving.register_keras_serializable(package="kerasdl")
class NoiseOnInputs(AnnealedNoise, keras.layers.Layer):
    """Adds Gaussian noise in training: `y = x + stddev(t) * n`, `n` standard normal.

    `t` counts the training calls of this layer. Otherwise `y = x`.

    Shapes: any; the output has the shape of the input.

    Masking: passes the mask of its input on.

    Args:
        stddev: Standard deviation, at least 0: a number, or a Keras learning-rate schedule of it.
        seed: Seed of the draws.

    Raises:
        ValueError: If `stddev` is negative or of another type.

    Differs from: `keras.layers.GaussianNoise`, whose strength is constant.

    Example:
        >>> anneal = keras.optimizers.schedules.ExponentialDecay(0.3, 1000, 0.5)
        >>> NoiseOnInputs(anneal)(keras.ops.ones((2, 3)), training=True).shape
        (2, 3)

    Reference: Bishop, 1995, https://doi.org/10.1162/neco.1995.7.1.108
    """

    def __init__(self, stddev: Strength, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self.set_noise("stddev", stddev, seed)

    def build(self, input_shape: Any) -> None:
        """Creates the counter of training calls."""
        self.build_noise()

    def call(self, inputs: Any, training: bool = False) -> Any:
        """The input with noise in training, the input itself otherwise."""
        if not training:
            return inputs
        noise = self.gaussian(ops.shape(inputs), inputs.dtype)
        return inputs + self.next_strength(inputs.dtype) * noise

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The input's."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), **self.noise_config()}

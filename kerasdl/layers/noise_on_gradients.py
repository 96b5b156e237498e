"""Gaussian noise on the gradients of a layer's weights."""

from typing import Any

import keras
from keras import ops

from kerasdl.layers._dense import serialize_unbuilt
from kerasdl.layers.noise_annealing import AnnealedNoise, Strength


@keras.saving.register_keras_serializable(package="kerasdl")
class NoiseOnGradients(AnnealedNoise, keras.layers.Wrapper):
    """Runs a layer, or a whole model, and adds noise to the gradients of its weights in training.

    `g = dL/dw + stddev(t) * n`, `n` standard normal, for each trainable weight `w`; `t` counts the
    training calls. The noise enters as a loss term `sum(n * (w - stop_gradient(w)))`, which is
    exactly 0 and whose gradient is exactly `n`: so any optimizer sees it, before clipping, and the
    reported loss does not change.

    Shapes: those of the wrapped layer.

    Masking: that of the wrapped layer.

    Args:
        layer: A layer or model.
        stddev: Standard deviation, at least 0: a number, or a Keras learning-rate schedule of it.
        seed: Seed of the draws.

    Raises:
        ValueError: If `stddev` is negative or of another type.

    Differs from: noise on the weights, which changes the outputs. With gradients accumulated over
        `k` steps, the noise is averaged too: its deviation falls by `sqrt(k)`.

    Example:
        >>> anneal = keras.optimizers.schedules.InverseTimeDecay(0.1, 1, 0.01)
        >>> NoiseOnGradients(keras.layers.Dense(4), anneal)(keras.ops.ones((2, 3))).shape
        (2, 4)

    Reference: Neelakantan et al., 2015, https://arxiv.org/abs/1511.06807
    """

    def __init__(
        self, layer: Any, stddev: Strength, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(layer, **{"autocast": False, **kwargs})
        self.supports_masking = True
        self.set_noise("stddev", stddev, seed)

    def build(self, input_shape: Any = None) -> None:
        """Builds the wrapped layer and creates the counter of training calls."""
        super().build(input_shape)
        self.build_noise()

    def call(self, inputs: Any, training: bool = False) -> Any:
        """What the wrapped layer gives."""
        if training:
            stddev = self.next_strength(self.variable_dtype)
            for weight in self.layer.trainable_variables:
                value = ops.cast(weight, stddev.dtype)
                noise = stddev * self.gaussian(weight.shape, stddev.dtype)
                self.add_loss(ops.sum(noise * (value - ops.stop_gradient(value))))
        return self.layer(inputs)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """The wrapped layer's."""
        return self.layer.compute_mask(inputs, previous_mask)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The wrapped layer's."""
        return self.layer.compute_output_shape(input_shape)

    def compute_output_spec(self, inputs: Any, training: bool = False) -> Any:
        """The wrapped layer's."""
        return self.layer.compute_output_spec(inputs)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        layer = serialize_unbuilt(self.layer)
        return {**super().get_config(), **self.noise_config(), "layer": layer}

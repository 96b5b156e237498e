"""Gaussian noise on a layer's weights while it computes."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from kerasdl.layers._dense import serialize_unbuilt
from kerasdl.layers._substitution import call_with
from kerasdl.layers.noise_annealing import AnnealedNoise, Strength


@keras.saving.register_keras_serializable(package="kerasdl")
class NoiseOnWeights(AnnealedNoise, keras.layers.Wrapper):
    """Runs a layer, in training with `w + stddev(t) * n` in place of its weights `w`.

    `n` is standard normal, drawn once per training call, `t` counts those calls. The gradient is
    taken at the noisy weights and applied to the clean ones; the variables themselves never hold
    noise. Recurrent layers see one draw for all steps, and keep their fused kernels.

    Shapes: those of the wrapped layer.

    Masking: that of the wrapped layer.

    Args:
        layer: A layer or model.
        stddev: Standard deviation, at least 0: a number, or a Keras learning-rate schedule of it.
        exclude: Names of weights left alone, such as `"bias"`.
        seed: Seed of the draws.

    Raises:
        ValueError: If `stddev` is negative or of another type.

    Differs from: `keras.layers.GaussianNoise`, which acts on activations; weight drop, which sets
        weights to zero.

    Example:
        >>> NoiseOnWeights(keras.layers.Dense(4), 0.05)(keras.ops.ones((2, 3))).shape
        (2, 4)

    Reference: Graves, 2011,
        https://papers.nips.cc/paper/2011/hash/7eb3c8be3d411e8ebfab08eba5f49632-Abstract.html
    """

    def __init__(
        self,
        layer: Any,
        stddev: Strength,
        exclude: Sequence[str] = ("bias", "gamma", "beta"),
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        # weights are read, and handed down, in their own type under mixed precision
        super().__init__(layer, **{"autocast": False, **kwargs})
        self.supports_masking = True
        self.set_noise("stddev", stddev, seed)
        self.exclude = exclude

    def build(self, input_shape: Any = None) -> None:
        """Builds the wrapped layer and creates the counter of training calls."""
        super().build(input_shape)
        self.build_noise()

    def call(self, inputs: Any, training: bool = False) -> Any:
        """What the wrapped layer gives, in training with noisy weights."""
        if not training:
            return self.layer(inputs)
        return call_with(self, self.layer, self._noisy(), lambda: self.layer(inputs))

    def _noisy(self) -> dict[int, Any]:
        stddev = self.next_strength(self.variable_dtype)
        values = {}
        for weight in self.layer.trainable_variables:
            if weight.name not in self.exclude:
                noise = stddev * self.gaussian(weight.shape, self.variable_dtype)
                values[id(weight)] = weight.value + ops.cast(noise, weight.value.dtype)
        return values

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
        return {
            **super().get_config(),
            **self.noise_config(),
            "layer": serialize_unbuilt(self.layer),
            "exclude": list(self.exclude),
        }

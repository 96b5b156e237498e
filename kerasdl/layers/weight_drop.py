"""DropConnect around any layer."""

from collections.abc import Sequence
from typing import Any

import keras

from kerasdl.errors import UserError
from kerasdl.layers import _checks
from kerasdl.layers._dense import serialize_unbuilt
from kerasdl.layers._substitution import call_with, find_variables


@keras.saving.register_keras_serializable(package="kerasdl")
class WeightDrop(keras.layers.Wrapper):
    """Drops single weights of a layer in training (DropConnect), and not its activations.

    In training `w -> w * k / (1 - rate)`, `k ~ Bernoulli(1 - rate)` for each weight, drawn once a
    batch: a recurrent kernel is the same at every time step, so that a fused kernel still runs it.
    Outside training the layer runs as it is.

    Shapes: those of the layer.

    Masking: that of the layer.
    Cost: one draw and one product a weight.

    Args:
        layer: Any layer built from one input shape.
        rate: Share of the weights set to 0 in training.
        weights: Names of the variables to drop from; of all sublayers.
        seed: Of the draws.

    Call arguments:
        inputs: Goes to the layer.
        **kwargs: Go to the layer too, such as `lengths`.

    Raises:
        UserError: If `rate` is not in [0, 1), or the layer has no such variable.

    Differs from: `recurrent_dropout` of Keras's layers, which drops from the state, draws for each
        example, and turns fused kernels off.

    Example:
        >>> layer = WeightDrop(LSTM(4), rate=0.5)
        >>> layer(keras.ops.ones((2, 5, 3))).shape
        (2, 4)

    Reference: Wan et al., 2013; Merity et al., 2018, section 2, https://arxiv.org/abs/1708.02182
    """

    def __init__(
        self,
        layer: keras.layers.Layer,
        rate: float,
        weights: Sequence[str] = ("recurrent_kernel",),
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(layer, **kwargs)
        _checks.rate("rate", rate)
        if isinstance(weights, str) or not weights:
            raise UserError(f"`weights` must be a list of names. Received: weights={weights!r}")
        self.rate = rate
        self.weight_names = tuple(weights)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        """Builds the layer and finds the variables."""
        if not self.layer.built:
            self.layer.build(input_shape)
        find_variables(self.layer, self.weight_names)

    def call(self, inputs: Any, training: bool | None = None, **kwargs: Any) -> Any:
        """The layer's output."""
        if not (training and self.rate):
            return self._inner(inputs, training, kwargs)
        values = {
            id(variable): keras.random.dropout(variable.value, self.rate, seed=self.seed_generator)
            for variable in find_variables(self.layer, self.weight_names)
        }
        return call_with(self, self.layer, values, lambda: self._inner(inputs, training, kwargs))

    def _inner(self, inputs: Any, training: bool | None, kwargs: dict[str, Any]) -> Any:
        # `training` reaches the layer through Keras's call context, if it asks for it.
        return self.layer(inputs, **kwargs)

    def compute_output_spec(self, inputs: Any, training: bool | None = None, **kwargs: Any) -> Any:
        """The layer's output spec."""
        return self.layer.compute_output_spec(inputs, **kwargs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The layer's output shape."""
        return self.layer.compute_output_shape(input_shape)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "layer": serialize_unbuilt(self.layer),
            "rate": self.rate,
            "weights": list(self.weight_names),
            "seed": self.seed,
        }

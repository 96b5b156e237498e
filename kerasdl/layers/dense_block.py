"""The densely connected block."""

from typing import Any

import keras
from keras import ops

from kerasdl.layers import _checks
from kerasdl.layers._convolution import ConvolutionBlock, build_chain, run_chain


@keras.saving.register_keras_serializable(package="kerasdl")
class DenseBlock(ConvolutionBlock):
    """Convolutions that each see the outputs of all before them (DenseNet).

    `x_0 = x`, `x_l = H_l([x_0, ..., x_{l-1}])`, `y = [x_0, ..., x_depth]`, concatenated over
    channels, with `H = conv3(f(N(conv1(f(N(.))))))`: the first convolution has
    `bottleneck * growth` channels, the second `growth`. With `bottleneck=None`,
    `H = conv3(f(N(.)))`.

    Shapes: `B` batch, `H` height, `W` width, `C` channels. Input `(B, H, W, C)`, output
    `(B, H, W, C + depth * growth)`; `(B, C, H, W)` with channels first.

    Masking: ignores masks.
    Cost: parameters and memory grow with the square of `depth`.

    Args:
        depth: Number of functions `H`.
        growth: Channels that each of them adds.
        bottleneck: Width of the 1 x 1 convolution in units of `growth`; None for none.
        dropout: Share of each function's outputs set to 0 in training.
        activation: `f`.
        normalization: `"batch"`, `"group"` (at most 32 groups), `"layer"` (over channels) or None;
            without one the convolutions have biases.
        momentum: Of batch normalization's moving averages.
        epsilon: Of the normalization.
        data_format: `"channels_last"` or `"channels_first"`; None for Keras's setting.
        seed: Of the dropout.

    Raises:
        UserError: If an argument is outside its range, or the input has not four axes.

    Differs from: nothing in Keras's layers; numbers are those of torchvision's `_DenseBlock`.

    Example:
        >>> DenseBlock(depth=2, growth=3)(keras.ops.ones((2, 6, 6, 4))).shape
        (2, 6, 6, 10)

    Reference: Huang et al., 2017, section 3, https://arxiv.org/abs/1608.06993
    """

    def __init__(
        self,
        depth: int,
        growth: int,
        bottleneck: int | None = 4,
        dropout: float = 0.0,
        activation: Any = "relu",
        normalization: str | None = "batch",
        momentum: float = 0.9,
        epsilon: float = 1e-5,
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(activation, normalization, momentum, epsilon, data_format, **kwargs)
        _checks.positive("depth", depth)
        _checks.positive("growth", growth)
        _checks.optional_positive("bottleneck", bottleneck)
        _checks.rate("dropout", dropout)
        self.depth = depth
        self.growth = growth
        self.bottleneck = bottleneck
        self.dropout = dropout
        self.seed = seed

    def build(self, input_shape: Any) -> None:
        """Creates the convolutions."""
        channels = self._channels(input_shape)
        self.functions = []
        for index in range(self.depth):
            size = channels + index * self.growth
            function = self._function(size, index + 1)
            build_chain(function, self._with_channels(input_shape, size))
            self.functions.append(function)

    def _function(self, channels: int, number: int) -> list[keras.layers.Layer]:
        layers = [*self._norm(channels, f"norm_{number}"), *self._activate()]
        if self.bottleneck is not None:
            width = self.bottleneck * self.growth
            layers += self._convolution(width, 1, f"bottleneck_{number}")
            layers += [*self._norm(width, f"bottleneck_norm_{number}"), *self._activate()]
        layers += self._convolution(self.growth, 3, f"convolution_{number}")
        if self.dropout:
            seed = None if self.seed is None else self.seed + number
            layers.append(keras.layers.Dropout(self.dropout, seed=seed, dtype=self.dtype_policy))
        return layers

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """The input's channels and those that each function adds."""
        outputs = inputs
        for function in self.functions:
            outputs = ops.concatenate([outputs, run_chain(function, outputs)], axis=self._axis)
        return outputs

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """The input's shape with `depth * growth` more channels."""
        return self._with_channels(input_shape, input_shape[self._axis] + self.depth * self.growth)

    def _with_channels(self, shape: Any, channels: int) -> tuple[int | None, ...]:
        shape = list(shape)
        shape[self._axis] = channels
        return tuple(shape)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "depth": self.depth,
            "growth": self.growth,
            "bottleneck": self.bottleneck,
            "dropout": self.dropout,
            "seed": self.seed,
        }

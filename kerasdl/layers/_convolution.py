"""Chains of convolutions, norms and activations inside of blocks."""

import math
from collections.abc import Iterable
from typing import Any

import keras

from kerasdl.errors import UserError
from kerasdl.layers import _checks

_NORMALIZATIONS = ("batch", "group", "layer", None)


class ConvolutionBlock(keras.layers.Layer):
    """Settings that all blocks of convolutions share, and the layers made from them."""

    def __init__(
        self,
        activation: Any,
        normalization: str | None,
        momentum: float,
        epsilon: float,
        data_format: str | None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        _checks.one_of("normalization", normalization, _NORMALIZATIONS)
        _checks.one_of("data_format", data_format, (None, "channels_last", "channels_first"))
        _checks.rate("momentum", momentum)
        _checks.above_zero("epsilon", epsilon)
        self.activation = keras.activations.get(activation)
        self.normalization = normalization
        self.momentum = momentum
        self.epsilon = epsilon
        self.data_format = data_format

    @property
    def _format(self) -> str:
        return self.data_format or keras.config.image_data_format()

    @property
    def _axis(self) -> int:
        return -1 if self._format == "channels_last" else 1

    def _channels(self, input_shape: Any) -> int:
        order = "B, H, W, C" if self._axis == -1 else "B, C, H, W"
        _checks.axes("inputs", input_shape, order)
        return _checks.known("inputs", input_shape, self._axis, "channels")

    def _convolution(
        self, filters: int, size: int, name: str, stride: int = 1, groups: int = 1
    ) -> list[keras.layers.Layer]:
        """A convolution padded by `size // 2` on every side, as PyTorch's models have it."""
        strided = stride > 1 and size > 1
        padding = keras.layers.ZeroPadding2D(
            size // 2, data_format=self._format, dtype=self.dtype_policy
        )
        convolution = keras.layers.Conv2D(
            filters,
            size,
            strides=stride,
            padding="valid" if strided else "same",
            groups=groups,
            use_bias=self.normalization is None,
            kernel_initializer="he_normal",
            data_format=self._format,
            dtype=self.dtype_policy,
            name=name,
        )
        return [padding, convolution] if strided else [convolution]

    def _norm(self, channels: int, name: str) -> list[keras.layers.Layer]:
        how = {"epsilon": self.epsilon, "dtype": self.dtype_policy, "name": name}
        if self.normalization == "batch":
            return [keras.layers.BatchNormalization(axis=self._axis, momentum=self.momentum, **how)]
        if self.normalization == "group":
            groups = math.gcd(32, channels)
            return [keras.layers.GroupNormalization(groups, axis=self._axis, **how)]
        if self.normalization == "layer":
            return [keras.layers.LayerNormalization(axis=self._axis, **how)]
        return []

    def _activate(self) -> list[keras.layers.Layer]:
        return [keras.layers.Activation(self.activation, dtype=self.dtype_policy)]

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "activation": keras.activations.serialize(self.activation),
            "normalization": self.normalization,
            "momentum": self.momentum,
            "epsilon": self.epsilon,
            "data_format": self.data_format,
        }


def build_chain(layers: Iterable[keras.layers.Layer], shape: Any) -> tuple[int | None, ...]:
    """Builds each layer for the output of the one before; returns the last output's shape."""
    for layer in layers:
        layer.build(shape)
        shape = layer.compute_output_shape(shape)
    return shape


def run_chain(layers: Iterable[keras.layers.Layer], inputs: Any) -> Any:
    """Applies the layers in order; `training` reaches them through Keras's call context."""
    for layer in layers:
        inputs = layer(inputs)
    return inputs


def check_groups(groups: int, width: int) -> None:
    """Raises unless the groups divide the width."""
    if width % groups:
        raise UserError(f"`groups` must divide width={width}. Received: groups={groups}")

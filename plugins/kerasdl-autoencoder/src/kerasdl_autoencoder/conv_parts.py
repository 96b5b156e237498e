"""Encoder and decoder of convolutions, for images of any size."""

from typing import Any

import keras

from kerasdl import building
from kerasdl.plugin import Config, Spec
from kerasdl_autoencoder import parts


def encoded(x: Any, config: Config) -> Any:
    """Convolutions of stride 2, each halving the sides (rounded up), then one row of numbers."""
    for number, filters in enumerate(config.filters, 1):
        x = _convolution(x, filters, config, f"encoder_{number}", strides=2)
    return keras.layers.Flatten(name="encoder_flatten", **parts.LAST)(x)


def decoded(code: Any, config: Config, spec: Spec) -> Any:
    """Each step doubles the sides, cuts off what is too much, and convolves.

    Upsampling before a convolution of stride 1, since transposed convolutions draw a chequerboard
    (Odena et al., 2016, https://distill.pub/2016/deconv-checkerboard).
    """
    height, width, channels = spec.input_shape or ()
    sizes = _sizes(height, width, len(config.filters))
    start = (*sizes[-1], config.filters[-1] if config.filters else channels)
    count = start[0] * start[1] * start[2]
    function = building.activation(config.activation)
    x = keras.layers.Dense(count, activation=function, name="decoder_code")(code)
    x = keras.layers.Reshape(start, name="decoder_reshape")(x)
    for number in range(len(config.filters), 0, -1):
        x = _doubled(x, sizes[number - 1], f"decoder_{number}")
        filters = config.filters[max(number - 2, 0)]
        x = _convolution(x, filters, config, f"decoder_{number}")
    output = keras.layers.Conv2D(
        channels,
        config.kernel_size,
        padding="same",
        activation=parts.output_activation(config, spec),
        name="decoder_output",
        **parts.LAST,
    )
    return output(x)


def _sizes(height: int, width: int, steps: int) -> list[tuple[int, int]]:
    """Height and width of the input and after each step of the encoder."""
    sizes = [(height, width)]
    for _ in range(steps):
        height, width = -(-height // 2), -(-width // 2)
        sizes.append((height, width))
    return sizes


def _convolution(x: Any, filters: int, config: Config, name: str, strides: int = 1) -> Any:
    layer = keras.layers.Conv2D(
        filters,
        config.kernel_size,
        strides=strides,
        padding="same",
        activation=building.activation(config.activation),
        kernel_initializer="he_normal",
        name=name,
        **parts.LAST,
    )
    return layer(x)


def _doubled(x: Any, size: tuple[int, int], name: str) -> Any:
    x = keras.layers.UpSampling2D(2, name=f"{name}_up", **parts.LAST)(x)
    extra = (x.shape[1] - size[0], x.shape[2] - size[1])
    if not any(extra):
        return x
    cut = ((0, extra[0]), (0, extra[1]))
    return keras.layers.Cropping2D(cut, name=f"{name}_cut", **parts.LAST)(x)

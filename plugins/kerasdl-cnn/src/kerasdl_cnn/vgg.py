"""VGG with 11, 13, 16 or 19 weight layers."""

from typing import Any

import keras

from kerasdl import building
from kerasdl.plugin import Config, Spec
from kerasdl_cnn import parts

_FILTERS = (64, 128, 256, 512, 512)
_CONVOLUTIONS = {
    11: (1, 1, 2, 2, 2),
    13: (2, 2, 2, 2, 2),
    16: (2, 2, 3, 3, 3),
    19: (2, 2, 4, 4, 4),
}


def build(config: Config, spec: Spec) -> keras.Model:
    """Five blocks of 3x3 convolutions with max pooling, then dense layers and a head of logits.

    Configurations A, B, D and E of the paper's table 1. Images of at least 32x32.
    """
    outputs = spec.output_count
    inputs, x = building.image_inputs(spec, fixed_size=True)
    blocks = zip(_FILTERS, _CONVOLUTIONS[config.depth], strict=True)
    for number, (filters, convolutions) in enumerate(blocks, 1):
        for place in range(1, convolutions + 1):
            x = _convolution(x, filters, f"block{number}", place, config.normalization)
        x = parts.pooling(x, "max", 2, f"block{number}_pool")
    x = parts.flattened(x, "flatten", "flatten")
    for number, width in enumerate(config.dense, 1):
        x = keras.layers.Dense(
            width, kernel_initializer=building.initializer("he_normal"), name=f"dense{number}"
        )(x)
        x = parts.activation(x, "relu", f"dense{number}_activation")
        if config.dropout:
            x = keras.layers.Dropout(config.dropout, name=f"dense{number}_dropout")(x)
    return keras.Model(inputs, keras.layers.Dense(outputs, name="head")(x), name="vgg")


def _convolution(x: Any, filters: int, block: str, place: int, normalization: str) -> Any:
    x = parts.convolution(
        x,
        filters,
        3,
        f"{block}_conv{place}",
        use_bias=normalization == "none",
        kernel_initializer=building.initializer("he_normal"),
    )
    if normalization == "batch":
        x = parts.normalization(x, "batch", 1, f"{block}_norm{place}")
    return parts.activation(x, "relu", f"{block}_activation{place}")

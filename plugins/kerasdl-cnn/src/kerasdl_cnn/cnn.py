"""A convolutional network to be configured."""

from typing import Any

import keras

from kerasdl import building
from kerasdl.plugin import Config, Spec
from kerasdl_cnn import parts


def build(config: Config, spec: Spec) -> keras.Model:
    """Blocks of convolutions and pooling, dense layers, and a head of logits.

    A block is `convolutions` times (convolution, normalization, activation), then pooling and
    dropout. Its convolutions keep the image's size; pooling divides it by `pool_size`.
    """
    outputs = spec.output_count
    inputs, x = building.image_inputs(spec, fixed_size=config.head == "flatten")
    for number, filters in enumerate(config.filters, 1):
        x = _block(x, f"block{number}", filters, config)
    x = parts.flattened(x, config.head, f"head_{config.head}")
    for number, width in enumerate(config.dense, 1):
        x = _dense(x, f"dense{number}", width, config)
    head = keras.layers.Dense(
        outputs,
        kernel_initializer=building.initializer(config.kernel_initializer),
        name="head",
    )
    return keras.Model(inputs, head(x), name="cnn")


def _block(x: Any, name: str, filters: int, config: Config) -> Any:
    for number in range(1, config.convolutions + 1):
        x = parts.convolution(
            x,
            filters,
            config.kernel_size,
            f"{name}_conv{number}",
            use_bias=config.normalization != "batch",
            kernel_initializer=building.initializer(config.kernel_initializer),
        )
        x = parts.normalization(x, config.normalization, config.groups, f"{name}_norm{number}")
        x = parts.activation(x, config.activation, f"{name}_activation{number}")
    x = parts.pooling(x, config.pooling, config.pool_size, f"{name}_pool")
    if config.dropout:
        x = keras.layers.Dropout(config.dropout, name=f"{name}_dropout")(x)
    return x


def _dense(x: Any, name: str, width: int, config: Config) -> Any:
    x = keras.layers.Dense(
        width, kernel_initializer=building.initializer(config.kernel_initializer), name=name
    )(x)
    x = parts.activation(x, config.activation, f"{name}_activation")
    if config.dense_dropout:
        x = keras.layers.Dropout(config.dense_dropout, name=f"{name}_dropout")(x)
    return x

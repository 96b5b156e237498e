"""Encoder and decoder of dense layers."""

from typing import Any

import keras

from kerasdl import building
from kerasdl.plugin import Config, Spec
from kerasdl_autoencoder import parts


def flattened(x: Any) -> Any:
    """Rows of numbers."""
    if len(x.shape) == 2:
        return x
    return keras.layers.Flatten(name="flatten", **parts.LAST)(x)


def shaped(x: Any, spec: Spec) -> Any:
    """Rows of numbers in the shape of the input."""
    if len(spec.input_shape or ()) == 1:
        return x
    return keras.layers.Reshape(spec.input_shape, name="decoder_reshape")(x)


def encoded(x: Any, config: Config) -> Any:
    """The hidden layers on a row of numbers."""
    for number, width in enumerate(config.widths, 1):
        function = building.activation(config.activation)
        x = keras.layers.Dense(width, activation=function, name=f"encoder_{number}")(x)
    return x


def decoded(code: Any, config: Config, spec: Spec) -> Any:
    """The same layers in reverse, then the input's values."""
    x = code
    for number, width in reversed(list(enumerate(config.widths, 1))):
        function = building.activation(config.activation)
        x = keras.layers.Dense(width, activation=function, name=f"decoder_{number}")(x)
    output = keras.layers.Dense(
        parts.value_count(spec),
        activation=parts.output_activation(config, spec),
        name="decoder_output",
    )
    return shaped(output(x), spec)

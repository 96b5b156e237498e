"""What every autoencoder of this plugin begins and ends with.

Images are `(height, width, channels)`, whatever Keras's own setting.
"""

import math
from collections.abc import Callable
from typing import Any

import keras

from kerasdl.building import activation
from kerasdl.errors import UserError
from kerasdl.plugin import Config, Spec
from kerasdl_autoencoder.masking_noise import MaskingNoise

LAST = {"data_format": "channels_last"}
_AUTOENCODING = "autoencoding"


def corrupted(x: Any, config: Config, spec: Spec) -> Any:
    """The input with noise in training, where the config has some and the task is autoencoding.

    A classifier on top of a denoising encoder is trained on clean inputs, as in Vincent et al.
    """
    if not config.noise or spec.task != _AUTOENCODING:
        return x
    if config.corruption == "gaussian":
        return keras.layers.GaussianNoise(config.noise, name="noise")(x)
    if config.noise >= 1:
        raise UserError(
            f"`noise` is a share below 1 for corruption=masking. Received: noise={config.noise}"
        )
    return MaskingNoise(config.noise, name="noise")(x)


def finished(
    inputs: Any, code: Any, spec: Spec, decode: Callable[[Any], Any], name: str
) -> keras.Model:
    """The decoder on the code, or for a classification task a head of logits in its place."""
    if spec.task == _AUTOENCODING:
        return keras.Model(inputs, decode(code), name=name)
    head = keras.layers.Dense(spec.output_count, name="head")
    return keras.Model(inputs, head(code), name=name)


def code_vector(x: Any, config: Config, layer: keras.layers.Layer) -> Any:
    """The encoder's end: `layer` makes the numbers, `code` has the activation and no weights."""
    function = activation(config.code_activation, "code_activation")
    return keras.layers.Activation(function, name="code")(layer(x))


def output_activation(config: Config, spec: Spec) -> Any:
    """The one configured; otherwise a sigmoid for images, and none for rows of numbers."""
    usual = "sigmoid" if len(spec.input_shape or ()) == 3 else "linear"
    return activation(config.output_activation or usual, "output_activation")


def value_count(spec: Spec) -> int:
    """How many numbers one input has."""
    return math.prod(size for size in spec.input_shape or () if size)

"""A small residual network for fast training."""

from typing import Any

import keras

from kerasdl import building
from kerasdl.plugin import Config, Spec
from kerasdl_resnet import parts


def build(config: Config, spec: Spec) -> keras.Model:
    """Four convolutions, two residual branches of two more, the largest value of each channel.

    `stage1` to `stage3` halve the image and name their outputs; the first and the last have a
    residual branch. The head has no bias, and its logits are multiplied by `head_scale`.
    """
    outputs = spec.output_count
    inputs, x = building.image_inputs(spec)
    x = _convolution(x, config.width, "prepare")
    for number in (1, 2, 3):
        name = f"stage{number}"
        x = _convolution(x, config.width * 2**number, f"{name}_conv")
        parts.check_size(x, name)
        x = keras.layers.MaxPooling2D(2, name=f"{name}_pool", **parts.LAST)(x)
        if number != 2:
            branch = x
            for place in (1, 2):
                branch = _convolution(branch, x.shape[-1], f"{name}_branch{place}")
            x = keras.layers.Add(name=f"{name}_sum")([x, branch])
        x = keras.layers.Identity(name=name)(x)
    x = keras.layers.GlobalMaxPooling2D(name="largest", **parts.LAST)(x)
    x = keras.layers.Dense(outputs, use_bias=False, name="head")(x)
    return keras.Model(
        inputs, keras.layers.Rescaling(config.head_scale, name="head_scale")(x), name="resnet9"
    )


def _convolution(x: Any, filters: int, name: str) -> Any:
    x = keras.layers.Conv2D(
        filters,
        3,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
        name=name,
        **parts.LAST,
    )(x)
    return parts.normalized_activation(x, name)

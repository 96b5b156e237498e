"""A small convolutional encoder that keeps its grid."""

from typing import Any

import keras

from kerasdl.errors import UserError
from kerasdl.plugin import Config, Spec

LAST = {"data_format": "channels_last"}


def image_input(spec: Spec) -> keras.KerasTensor:
    """The input `image`, of any size.

    Raises:
        UserError: If the input shape is none of an image.
    """
    shape = spec.input_shape
    if shape is None or len(shape) != 3 or shape[2] is None:
        raise UserError(
            "`input_shape` must be (height, width, channels), the channels known. "
            f"Received: input_shape={shape}"
        )
    return keras.Input(shape, dtype=spec.input_dtype, name="image")


def grid_of(image: Any, config: Config) -> Any:
    """Regions `(B, H', W', C)`: 3x3 convolutions, the sides halved after the first `pools`."""
    x = image
    if "float" not in image.dtype:
        x = keras.layers.Rescaling(1.0, name="as_float")(x)
    for number, filters in enumerate(config.filters, 1):
        x = keras.layers.Conv2D(
            filters, 3, padding="same", use_bias=False, name=f"encoder_{number}", **LAST
        )(x)
        # Keras's momentum of 0.99 does not settle in a short training.
        norm = keras.layers.BatchNormalization(momentum=0.9, name=f"encoder_norm_{number}")
        x = keras.layers.Activation("relu", name=f"encoder_activation_{number}")(norm(x))
        if number <= config.pools:
            pool = keras.layers.MaxPooling2D(
                2, padding="same", name=f"encoder_pool_{number}", **LAST
            )
            x = pool(x)
    return keras.layers.Dropout(config.dropout, name="regions")(x)

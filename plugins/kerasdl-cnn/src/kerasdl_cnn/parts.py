"""What the networks of this plugin are put together from.

Images are `(height, width, channels)`, whatever Keras's own setting.
"""

from typing import Any

import keras

from kerasdl import building
from kerasdl.errors import UserError

_LAST = {"data_format": "channels_last"}
# Of the averages that inference uses; with Keras's 0.99 a short training ends before they settle.
_MOMENTUM = 0.9


def convolution(
    x: Any,
    filters: int,
    size: int,
    name: str,
    *,
    strides: int = 1,
    padding: int | str = "same",
    **kwargs: Any,
) -> Any:
    """A convolution; an integer `padding` adds that many zeros on each side.

    Raises:
        UserError: If the image is smaller than the kernel.
    """
    if isinstance(padding, int):
        if padding:
            x = keras.layers.ZeroPadding2D(padding, name=f"{name}_pad", **_LAST)(x)
        _check_size(x, size, name)
        padding = "valid"
    layer = keras.layers.Conv2D(
        filters, size, strides=strides, padding=padding, name=name, **_LAST, **kwargs
    )
    return layer(x)


def pooling(x: Any, kind: str, size: int, name: str, *, strides: int | None = None) -> Any:
    """Max or average pooling of whole windows; `kind` none leaves `x` as it is.

    Raises:
        UserError: If the image is smaller than a window.
    """
    if kind == "none":
        return x
    _check_size(x, size, name)
    pool = keras.layers.MaxPooling2D if kind == "max" else keras.layers.AveragePooling2D
    return pool(size, strides=strides, name=name, **_LAST)(x)


def flattened(x: Any, how: str, name: str) -> Any:
    """One row an image: every value (`flatten`), or the `average` or `max` of each channel."""
    layers = {
        "flatten": keras.layers.Flatten,
        "average": keras.layers.GlobalAveragePooling2D,
        "max": keras.layers.GlobalMaxPooling2D,
    }
    return layers[how](name=name, **_LAST)(x)


def normalization(x: Any, kind: str, groups: int, name: str) -> Any:
    """Batch, group or layer normalization (over channels, at each place); `none` is nothing.

    Raises:
        UserError: If `groups` does not divide the channels.
    """
    if kind == "batch":
        return keras.layers.BatchNormalization(momentum=_MOMENTUM, name=name)(x)
    if kind == "layer":
        return keras.layers.LayerNormalization(name=name)(x)
    if kind == "group":
        if x.shape[-1] % groups:
            raise UserError(
                f"`groups` must divide the {x.shape[-1]} channels of stage `{name}`. "
                f"Received: groups={groups}"
            )
        return keras.layers.GroupNormalization(groups, name=name)(x)
    return x


def activation(x: Any, kind: str, name: str) -> Any:
    """A Keras activation by name.

    Raises:
        UserError: If there is none of that name.
    """
    return keras.layers.Activation(building.activation(kind), name=name)(x)


def _check_size(x: Any, size: int, stage: str) -> None:
    height, width = x.shape[1:3]
    if any(side is not None and side < size for side in (height, width)):
        raise UserError(
            f"the images are too small: stage `{stage}` needs (height, width) of at least "
            f"({size}, {size}). Received there: (height, width) = ({height}, {width})"
        )

"""What the networks of this plugin are put together from.

Images are `(height, width, channels)`, whatever Keras's own setting.
"""

import inspect
from typing import Any

import keras

from kerasdl.errors import UserError, did_you_mean
from kerasdl.plugin import Spec

_LAST = {"data_format": "channels_last"}


def image_inputs(spec: Spec, *, fixed_size: bool) -> tuple[Any, Any]:
    """The model's input, and the same in floats.

    Args:
        spec: What the data say.
        fixed_size: Whether height and width must be known.

    Raises:
        UserError: If the input shape is none of an image.
    """
    shape = spec.input_shape
    known = shape is not None and len(shape) == 3 and shape[2] is not None
    if not known or (fixed_size and None in shape):
        rule = "each of them known" if fixed_size else "the channels known"
        raise UserError(
            f"`input_shape` must be (height, width, channels), {rule}. "
            f"Received: input_shape={shape}"
        )
    inputs = x = keras.Input(shape, dtype=spec.input_dtype, name="input")
    if "float" not in spec.input_dtype:
        x = keras.layers.Rescaling(1.0, name="as_float")(x)
    return inputs, x


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
        return keras.layers.BatchNormalization(name=name)(x)
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
    try:
        function = keras.activations.get(kind)
        inspect.signature(function).bind(None)
    except (ValueError, TypeError):
        public = {entry for entry in dir(keras.activations) if not entry.startswith("_")}
        known = public - {"get", "serialize", "deserialize", kind}
        raise UserError(
            "`activation` must be the name of a Keras activation that needs no arguments. "
            f"Received: activation={kind!r}.{did_you_mean(kind, known)}"
        ) from None
    return keras.layers.Activation(function, name=name)(x)


def initializer(name: str) -> keras.initializers.Initializer:
    """A fresh Keras initializer by name; one shared by layers would give them equal weights.

    Raises:
        UserError: If there is none of that name that needs no arguments.
    """
    try:
        return keras.initializers.get(name)
    except (ValueError, TypeError, KeyError):
        public = {entry for entry in dir(keras.initializers) if entry.islower()}
        known = public - {"get", "serialize", "deserialize", name}
        raise UserError(
            "`kernel_initializer` must be the name of a Keras initializer that needs no arguments. "
            f"Received: kernel_initializer={name!r}.{did_you_mean(name, known)}"
        ) from None


def _check_size(x: Any, size: int, stage: str) -> None:
    height, width = x.shape[1:3]
    if any(side is not None and side < size for side in (height, width)):
        raise UserError(
            f"the images are too small: stage `{stage}` needs (height, width) of at least "
            f"({size}, {size}). Received there: (height, width) = ({height}, {width})"
        )

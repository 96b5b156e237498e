"""A model's input, as the data's spec says."""

from typing import Any

import keras
from keras import ops

from kerasdl.errors import UserError
from kerasdl.plugin import Spec

Pair = tuple[keras.KerasTensor, keras.KerasTensor]


def float_inputs(spec: Spec) -> Pair:
    """The model's input of any known shape, and the same in floats.

    Args:
        spec: What the data say.

    Raises:
        UserError: If the spec has no input shape, or one with an open axis.

    Example:
        >>> inputs, x = float_inputs(Spec(task="t", input_shape=(4,), input_dtype="uint8"))
        >>> inputs.dtype, x.dtype
        ('uint8', 'float32')
    """
    shape = spec.input_shape
    if not shape or None in shape:
        raise UserError(
            f"`input_shape` must be given, each axis known. Received: input_shape={shape}"
        )
    return _in_floats(spec)


def flat_inputs(spec: Spec) -> Pair:
    """The model's input of any known shape, and the same as float rows `(B, features)`.

    Raises:
        UserError: If the spec has no input shape, or one with an open axis.
    """
    inputs, x = float_inputs(spec)
    if len(x.shape) > 2:
        x = keras.layers.Flatten(data_format="channels_last", name="flatten")(x)
    return inputs, x


def image_inputs(spec: Spec, *, fixed_size: bool = False) -> Pair:
    """The model's input of images `(height, width, channels)`, and the same in floats.

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
    return _in_floats(spec)


def token_inputs(spec: Spec, name: str = "tokens", target: bool = False) -> keras.KerasTensor:
    """An input of token numbers `(B, T)` of any length, 0 where a row is filled up on its right.

    Args:
        spec: What the data say.
        name: Name of the input.
        target: Whether it is of the target's vocabulary.

    Raises:
        UserError: If the spec has no vocabulary.

    Example:
        >>> token_inputs(Spec(task="language-modelling", vocab_size=65)).shape
        (None, None)
    """
    size, field = spec.vocab_size, "vocab_size"
    if target:
        size, field = spec.target_vocab_size, "target_vocab_size"
    if size is None or size < 1:
        raise UserError(f"`{field}` must be at least 1. Received: {field}={size}")
    return keras.Input((None,), dtype="int32", name=name)


def token_lengths(tokens: Any) -> Any:
    """`(B,)`, the tokens of each row `(B, T)` before its padding, which is 0.

    Not `ops.count_nonzero`: on PyTorch that is a deprecated form, and warns.
    """
    return ops.sum(ops.cast(ops.not_equal(tokens, 0), "int32"), axis=1)


def _in_floats(spec: Spec) -> Pair:
    inputs = x = keras.Input(spec.input_shape, dtype=spec.input_dtype, name="input")
    if "float" not in spec.input_dtype:
        x = keras.layers.Rescaling(1.0, name="as_float")(x)
    return inputs, x

"""What the networks of this plugin are put together from.

Images are `(height, width, channels)`, whatever Keras's own setting.
"""

from collections.abc import Callable
from typing import Any

import keras

from kerasdl.errors import UserError

LAST = {"data_format": "channels_last"}

# Smallest side at which a stem that divides it by four leaves enough for four stages.
_LARGE = 64


def stem(x: Any, kind: str | None, filters: int, *, normalized: bool) -> Any:
    """The first convolution: 7x7 by two and pooling by two (`imagenet`), or 3x3 (`small`).

    Args:
        x: The images.
        kind: Which; None for `small` where a side is below 64.
        filters: Channels of the convolution.
        normalized: Whether normalization and activation follow it.

    Raises:
        UserError: If the image is too small for it.
    """
    if kind is None:
        small = any(side is not None and side < _LARGE for side in x.shape[1:3])
        kind = "small" if small else "imagenet"
    if kind == "small":
        x = _convolution(x, filters, 3, 1)
    else:
        # PyTorch's padding, alike on every side; Keras's "same" would pad more at the end.
        x = keras.layers.ZeroPadding2D(3, name="stem_pad", **LAST)(x)
        x = _convolution(x, filters, 7, 2)
    if normalized:
        x = normalized_activation(x, "stem")
    if kind == "imagenet":
        check_size(x, "stem_pool")
        x = keras.layers.ZeroPadding2D(1, name="stem_pool_pad", **LAST)(x)
        x = keras.layers.MaxPooling2D(3, strides=2, name="stem_pool", **LAST)(x)
    return x


def residual_stages(
    x: Any, blocks: tuple[int, ...], make: Callable[..., keras.layers.Layer], rate: float
) -> Any:
    """Stages of residual blocks; from the second on, a stage's first block halves the image.

    Args:
        x: What the stem made.
        blocks: Blocks of each stage.
        make: Called as `make(stage, name=…, stride=…, stochastic_depth=…, data_format=…)`, with
            `stage` from 0; returns a block.
        rate: Stochastic depth of the last block; that of the others grows evenly up to it.

    Raises:
        UserError: If there is no stage, or the image is too small for one.
    """
    check_blocks(blocks)
    number = 0
    for stage, count in enumerate(blocks):
        name = f"stage{stage + 1}"
        if stage:
            check_size(x, name)
        for place in range(count):
            number += 1
            block = make(
                stage,
                name=f"{name}_block{place + 1}",
                stride=2 if stage and not place else 1,
                stochastic_depth=rate * number / sum(blocks),
                **LAST,
            )
            x = block(x)
        x = keras.layers.Identity(name=name)(x)
    return x


def normalized_activation(x: Any, name: str) -> Any:
    """Batch normalization as in the blocks, and ReLU."""
    x = keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name=f"{name}_norm")(x)
    return keras.layers.Activation("relu", name=f"{name}_activation")(x)


def finished(inputs: Any, x: Any, outputs: int, dropout: float, name: str) -> keras.Model:
    """The model with the average of each channel, dropout, and a head of logits."""
    x = keras.layers.GlobalAveragePooling2D(name="average", **LAST)(x)
    if dropout:
        x = keras.layers.Dropout(dropout, name="dropout")(x)
    return keras.Model(inputs, keras.layers.Dense(outputs, name="head")(x), name=name)


def blocks_of_depth(depth: int, outside: int, name: str) -> int:
    """Blocks of each of three stages, in a network of `6n + outside` layers.

    Raises:
        UserError: If there is no such number.
    """
    blocks, rest = divmod(depth - outside, 6)
    if rest or blocks < 1:
        raise UserError(
            f"`depth` of {name} must be 6n + {outside}: {6 + outside}, {12 + outside}, "
            f"{18 + outside}, … Received: depth={depth}"
        )
    return blocks


def check_blocks(blocks: tuple[int, ...]) -> None:
    """Raises unless there is a stage."""
    if not blocks:
        raise UserError("`blocks` must hold at least one number. Received: blocks=()")


def check_size(x: Any, stage: str) -> None:
    """Raises if the image cannot be halved."""
    height, width = x.shape[1:3]
    if any(side is not None and side < 2 for side in (height, width)):
        raise UserError(
            f"the images are too small: stage `{stage}` needs (height, width) of at least "
            f"(2, 2). Received there: (height, width) = ({height}, {width})"
        )


def _convolution(x: Any, filters: int, size: int, strides: int) -> Any:
    layer = keras.layers.Conv2D(
        filters,
        size,
        strides=strides,
        padding="same" if strides == 1 else "valid",
        use_bias=False,
        kernel_initializer="he_normal",
        name="stem_conv",
        **LAST,
    )
    return layer(x)

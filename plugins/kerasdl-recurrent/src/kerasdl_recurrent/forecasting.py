"""The next steps of a series."""

from typing import Any

import keras

from kerasdl import building
from kerasdl.errors import UserError
from kerasdl.plugin import Config, Spec
from kerasdl_recurrent import stack


def build(config: Config, spec: Spec) -> keras.Model:
    """Recurrent layers over the window, and all steps of the forecast from their last states."""
    inputs, x = series_inputs(spec)
    last = x[:, -1:] if _residual(config, spec) else None
    if last is not None:
        x = x - last
    x = stack.stacked(x, config, sequences=False)
    if config.dropout:
        x = keras.layers.Dropout(config.dropout, name="dropout_head")(x)
    arguments = stack.initializers(config, "kernel_initializer")
    size = spec.horizon * spec.output_count
    x = keras.layers.Dense(size, name="head", **arguments)(x)
    x = keras.layers.Reshape((spec.horizon, spec.output_count), name="steps")(x)
    return keras.Model(inputs, x if last is None else x + last, name="recurrent")


def series_inputs(spec: Spec) -> tuple[Any, Any]:
    """The window `(B, L, C)`, and the same in floats.

    Raises:
        UserError: If the spec has no such shape or no horizon.
    """
    shape = spec.input_shape
    if shape is None or len(shape) != 2:
        raise UserError(f"`input_shape` must be (steps, channels). Received: input_shape={shape}")
    if spec.horizon is None or spec.horizon < 1:
        raise UserError(f"`horizon` must be at least 1. Received: horizon={spec.horizon}")
    return building.float_inputs(spec)


def _residual(config: Config, spec: Spec) -> bool:
    """Whether the forecast is a change of the last value."""
    channels = (spec.input_shape or (0,))[-1]
    same = spec.outputs == channels
    if config.residual and not same:
        raise UserError(
            "`residual` needs as many outputs as the series has channels. "
            f"Received: residual=True, outputs={spec.outputs}, channels={channels}"
        )
    return same if config.residual is None else config.residual

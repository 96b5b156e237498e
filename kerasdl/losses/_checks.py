"""Argument checks of this room, worded the same everywhere."""

from collections.abc import Iterable
from typing import Any

from keras import ops

from kerasdl.errors import UserError


def rate(name: str, value: Any) -> None:
    """Raises unless `value` is in [0, 1)."""
    if not isinstance(value, int | float) or not 0 <= value < 1:
        raise UserError(f"`{name}` must be in [0, 1). Received: {name}={value!r}")


def at_least_zero(name: str, value: Any) -> None:
    """Raises unless `value` is a number of at least 0."""
    if not isinstance(value, int | float) or not value >= 0:
        raise UserError(f"`{name}` must be at least 0. Received: {name}={value!r}")


def above_zero(name: str, value: Any) -> None:
    """Raises unless `value` is a number greater than 0."""
    if not isinstance(value, int | float) or not value > 0:
        raise UserError(f"`{name}` must be greater than 0. Received: {name}={value!r}")


def one_of(name: str, value: Any, choices: Iterable[Any]) -> None:
    """Raises unless `value` is among `choices`."""
    choices = list(choices)
    if value not in choices:
        shown = ", ".join(map(repr, choices))
        raise UserError(f"`{name}` must be one of {shown}. Received: {name}={value!r}")


def same_shape(loss: str, y_true: Any, y_pred: Any) -> None:
    """Raises unless targets and predictions have one shape, unknown sizes aside."""
    expected, received = tuple(y_pred.shape), tuple(y_true.shape)
    if len(expected) != len(received) or any(
        a != b for a, b in zip(expected, received, strict=True) if None not in (a, b)
    ):
        raise UserError(
            f"{loss} takes `y_true` and `y_pred` of one shape (..., D). "
            f"Expected y_true: {expected}, received: {received}"
        )


def outputs_last(loss: str, y_true: Any, y_pred: Any) -> tuple[Any, Any]:
    """Both with a last axis of outputs: `(B,)` becomes `(B, 1)`; raises if they differ in shape."""
    y_true, y_pred = ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred)
    if len(y_pred.shape) == 1:
        y_pred = ops.expand_dims(y_pred, -1)
    if len(y_true.shape) == len(y_pred.shape) - 1 and y_pred.shape[-1] == 1:
        y_true = ops.expand_dims(y_true, -1)
    same_shape(loss, y_true, y_pred)
    return y_true, y_pred

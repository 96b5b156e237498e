"""Argument and shape checks of this room, worded the same everywhere."""

from collections.abc import Iterable
from typing import Any

from kerasdl.errors import UserError


def positive(name: str, value: Any) -> None:
    """Raises unless `value` is an integer of at least 1."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise UserError(f"`{name}` must be a positive integer. Received: {name}={value!r}")


def optional_positive(name: str, value: Any) -> None:
    """Raises unless `value` is None or an integer of at least 1."""
    if value is not None:
        positive(name, value)


def above_zero(name: str, value: Any) -> None:
    """Raises unless `value` is a number greater than 0."""
    if not isinstance(value, int | float) or not value > 0:
        raise UserError(f"`{name}` must be greater than 0. Received: {name}={value!r}")


def at_least_zero(name: str, value: Any) -> None:
    """Raises unless `value` is a number of at least 0."""
    if not isinstance(value, int | float) or not value >= 0:
        raise UserError(f"`{name}` must be at least 0. Received: {name}={value!r}")


def rate(name: str, value: Any) -> None:
    """Raises unless `value` is a probability below 1."""
    if not isinstance(value, int | float) or not 0 <= value < 1:
        raise UserError(f"`{name}` must be in [0, 1). Received: {name}={value!r}")


def one_of(name: str, value: Any, choices: Iterable[Any]) -> None:
    """Raises unless `value` is among `choices`."""
    choices = list(choices)
    if value not in choices:
        shown = ", ".join(map(repr, choices))
        raise UserError(f"`{name}` must be one of {shown}. Received: {name}={value!r}")


def axes(name: str, shape: Any, expected: str) -> None:
    """Raises unless `shape` fits the named axes.

    Args:
        name: What has the shape, for the message.
        shape: The shape received; None for an unknown size.
        expected: Axis names, a number where the size is fixed: `"B, T, 8"`.
    """
    wanted = [axis.strip() for axis in expected.split(",")]
    fits = len(shape) == len(wanted) and all(
        not axis.isdigit() or size is None or int(axis) == size
        for axis, size in zip(wanted, shape, strict=True)
    )
    if not fits:
        raise UserError(f"`{name}` must have shape ({expected}). Received: shape={tuple(shape)}")


def known(name: str, shape: Any, axis: int, meaning: str) -> int:
    """The size of one axis; raises if it is unknown."""
    size = shape[axis]
    if size is None:
        raise UserError(
            f"the {meaning} of `{name}` (axis {axis}) must be known when the layer is built. "
            f"Received: shape={tuple(shape)}"
        )
    return size


def share(name: str, value: Any) -> None:
    """Raises unless `value` is in (0, 1]."""
    if not isinstance(value, int | float) or not 0 < value <= 1:
        raise UserError(f"`{name}` must be in (0, 1]. Received: {name}={value!r}")

"""Checks of constructor arguments that the optimizers share."""

import math
from typing import Any

from kerasdl.errors import UserError


def check_flag(name: str, value: Any) -> None:
    """Raises unless `value` is true or false."""
    if not isinstance(value, bool):
        raise UserError(f"`{name}` must be True or False. Received: {name}={value!r}")


def check_fraction(name: str, value: Any) -> None:
    """Raises unless `value` is a number in [0, 1)."""
    if not _is_number(value) or not 0 <= value < 1:
        raise UserError(f"`{name}` must be a number in [0, 1). Received: {name}={value!r}")


def check_share(name: str, value: Any) -> None:
    """Raises unless `value` is a number in (0, 1]."""
    if not _is_number(value) or not 0 < value <= 1:
        raise UserError(f"`{name}` must be a number in (0, 1]. Received: {name}={value!r}")


def check_positive(name: str, value: Any, *, zero: bool = False) -> None:
    """Raises unless `value` is a finite number above zero, or at least zero."""
    if not _is_number(value) or not math.isfinite(value) or value < 0 or (value == 0 and not zero):
        rule = "a number >= 0" if zero else "a number > 0"
        raise UserError(f"`{name}` must be {rule}. Received: {name}={value!r}")


def check_count(name: str, value: Any, *, least: int = 1) -> None:
    """Raises unless `value` is an integer of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise UserError(f"`{name}` must be an integer >= {least}. Received: {name}={value!r}")


def checked_rate(learning_rate: Any) -> Any:
    """The learning rate as Keras wants it: a float, a schedule or a callable."""
    if callable(learning_rate):
        return learning_rate
    check_positive("learning_rate", learning_rate, zero=True)
    return float(learning_rate)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)

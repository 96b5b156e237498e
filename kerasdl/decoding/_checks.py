"""Argument checks of this room."""

import math
from typing import Any

from kerasdl.errors import UserError


def count(name: str, value: Any) -> None:
    """Raises unless `value` is an integer of at least 1."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise UserError(f"`{name}` must be a positive integer. Received: {name}={value!r}")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def above_zero(name: str, value: Any, hint: str = "") -> None:
    """Raises unless `value` is a finite number greater than 0."""
    if not _is_number(value) or value <= 0:
        raise UserError(f"`{name}` must be greater than 0. Received: {name}={value!r}{hint}")


def at_least_zero(name: str, value: Any) -> None:
    """Raises unless `value` is a finite number of at least 0."""
    if not _is_number(value) or value < 0:
        raise UserError(f"`{name}` must be at least 0. Received: {name}={value!r}")


def share(name: str, value: Any) -> None:
    """Raises unless `value` is in (0, 1]."""
    if not _is_number(value) or not 0 < value <= 1:
        raise UserError(f"`{name}` must be in (0, 1]. Received: {name}={value!r}")

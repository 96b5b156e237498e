"""Checks of constructor arguments that the callbacks share."""

import math
from typing import Any

from kerasdl.errors import UserError


def check_count(name: str, value: Any, *, least: int = 1) -> None:
    """Raises unless `value` is an integer of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise UserError(f"`{name}` must be an integer >= {least}. Received: {name}={value!r}")


def check_share(name: str, value: Any) -> None:
    """Raises unless `value` is a number in (0, 1)."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1:
        raise UserError(f"`{name}` must be a number in (0, 1). Received: {name}={value!r}")


def check_positive(name: str, value: Any) -> None:
    """Raises unless `value` is a finite number above zero."""
    known = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not known or value <= 0:
        raise UserError(f"`{name}` must be a number > 0. Received: {name}={value!r}")

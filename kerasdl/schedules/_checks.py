"""Checks of constructor arguments that the schedules share."""

import math
from typing import Any

from kerasdl.errors import UserError
from kerasdl.schedules.epochs import Epochs


def check_length(name: str, value: Any, *, endless: bool = False) -> None:
    """Raises unless `value` is a number of steps or `Epochs`; or `None`, where that is allowed."""
    if isinstance(value, Epochs) or (value is None and endless):
        return
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        rule = "an integer >= 1, Epochs(n)" + (" or None" if endless else "")
        raise UserError(f"`{name}` must be {rule}. Received: {name}={value!r}")


def check_factor(name: str, value: Any, *, zero: bool = False) -> None:
    """Raises unless `value` is a finite number above zero, or at least zero."""
    known = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not known or value < 0 or (value == 0 and not zero):
        raise UserError(
            f"`{name}` must be a number {'>= 0' if zero else '> 0'}. Received: {name}={value!r}"
        )

"""A constant stretch."""

from typing import Any

import keras
from keras import ops

from kerasdl.schedules._checks import check_length
from kerasdl.schedules.schedule import Length, Schedule


@keras.saving.register_keras_serializable(package="kerasdl")
class Hold(Schedule):
    """The rate it begins with, unchanged.

    `y(t) = 1`

    Args:
        length: Steps, or `Epochs`; `None` for ever.

    Raises:
        UserError: If `length` is not a positive number of steps.

    Example:
        >>> Warmup(100) >> Hold(900) >> Cosine(1000)
        Warmup(100) >> Hold(900) >> Cosine(1000)
    """

    def __init__(self, length: Length | None = None) -> None:
        check_length("length", length, endless=True)
        self.length = length

    @property
    def last(self) -> float:
        """The rate it began with."""
        return 1.0

    def factor(self, elapsed: Any) -> Any:
        """See the class."""
        return ops.ones_like(elapsed)

"""A straight fall."""

from typing import Any

import keras

from kerasdl.schedules._checks import check_factor, check_length
from kerasdl.schedules.schedule import Length, Schedule


@keras.saving.register_keras_serializable(package="kerasdl")
class Linear(Schedule):
    """A straight line from the rate it begins with to `end` times that.

    `y(t) = end + (1 - end) * (1 - t / length)`

    Args:
        length: Steps, or `Epochs`.
        end: The factor at the end, at least 0.

    Raises:
        UserError: If an argument is out of its range.

    Example:
        >>> float(Linear(100, end=0.5)(50))
        0.75
    """

    def __init__(self, length: Length, end: float = 0.0) -> None:
        check_length("length", length)
        check_factor("end", end, zero=True)
        self.length = length
        self.end = end

    @property
    def last(self) -> float:
        """`end`."""
        return float(self.end)

    def factor(self, elapsed: Any) -> Any:
        """See the class."""
        return self.end + (1.0 - self.end) * (1.0 - elapsed / self.steps)

"""A rise to the full rate."""

from typing import Any

import keras

from kerasdl.schedules._checks import check_factor, check_length
from kerasdl.schedules.schedule import Length, Schedule


@keras.saving.register_keras_serializable(package="kerasdl")
class Warmup(Schedule):
    """A straight rise from `start` to the full rate.

    `y(t) = start + (1 - start) * t / length`

    With `start=0` the very first step has rate 0, as in Keras's and optax's warm-ups.

    Args:
        length: Steps, or `Epochs`, until the full rate.
        start: The factor at step 0, at least 0.

    Raises:
        UserError: If an argument is out of its range.

    Example:
        >>> float(Warmup(100)(25))
        0.25

    Reference: Goyal et al., 2017, section 2.2, https://arxiv.org/abs/1706.02677
    """

    def __init__(self, length: Length, start: float = 0.0) -> None:
        check_length("length", length)
        check_factor("start", start, zero=True)
        self.length = length
        self.start = start

    @property
    def last(self) -> float:
        """The full rate."""
        return 1.0

    def factor(self, elapsed: Any) -> Any:
        """See the class."""
        return self.start + (1.0 - self.start) * (elapsed / self.steps)

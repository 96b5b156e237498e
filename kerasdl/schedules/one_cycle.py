"""Up once, and down for the rest."""

import math
from typing import Any

import keras
from keras import ops

from kerasdl.errors import UserError
from kerasdl.schedules._checks import check_factor, check_length
from kerasdl.schedules.schedule import Length, Schedule


@keras.saving.register_keras_serializable(package="kerasdl")
class OneCycle(Schedule):
    """One wave: from `start` up to the full rate, then down to `end`.

    With `p = t / length` and `c(q) = (1 + cos(pi * q)) / 2`:
    `y = start + (1 - start) * (1 - c(p / rise))` for `p < rise`,
    `y = end + (1 - end) * c((p - rise) / (1 - rise))` after that.

    Args:
        length: Steps, or `Epochs`, of the whole.
        rise: Share of the length that goes up, within (0, 1).
        start: The factor at step 0, at least 0.
        end: The factor at the end, at least 0.

    Raises:
        UserError: If an argument is out of its range.

    Differs from: `optax.cosine_onecycle_schedule`, which has the same numbers with the peak
    rounded down to a whole step. PyTorch's `OneCycleLR` reaches the peak and the end a step
    earlier, at step `n - 1` of `n`, and lets the momentum fall and rise against the rate.

    Example:
        >>> schedule = 0.1 * OneCycle(1000)
        >>> [round(float(schedule(step)), 7) for step in (0, 300, 1000)]
        [0.004, 0.1, 4e-07]

    Reference: Smith & Topin, 2018, https://arxiv.org/abs/1708.07120
    """

    def __init__(
        self,
        length: Length,
        rise: float = 0.3,
        start: float = 1 / 25,
        end: float = 1 / 250_000,
    ) -> None:
        check_length("length", length)
        if not isinstance(rise, float) or not 0 < rise < 1:
            raise UserError(f"`rise` must be a number in (0, 1). Received: rise={rise!r}")
        check_factor("start", start, zero=True)
        check_factor("end", end, zero=True)
        self.length = length
        self.rise = rise
        self.start = start
        self.end = end

    @property
    def last(self) -> float:
        """`end`."""
        return float(self.end)

    def factor(self, elapsed: Any) -> Any:
        """See the class."""
        part = elapsed / self.steps
        up = self.start + (1.0 - self.start) * (1.0 - _wave(part / self.rise))
        down = self.end + (1.0 - self.end) * _wave((part - self.rise) / (1.0 - self.rise))
        return ops.where(part < self.rise, up, down)


def _wave(part: Any) -> Any:
    return 0.5 * (1.0 + ops.cos(math.pi * part))

"""Half a wave down."""

import math
from typing import Any

import keras
from keras import ops

from kerasdl.schedules._checks import check_factor, check_length
from kerasdl.schedules.schedule import Length, Schedule


@keras.saving.register_keras_serializable(package="kerasdl")
class Cosine(Schedule):
    """Half a cosine wave from the rate it begins with to `end` times that.

    `y(t) = end + (1 - end) * (1 + cos(pi * t / length)) / 2`

    Args:
        length: Steps, or `Epochs`.
        end: The factor at the end, at least 0.

    Raises:
        UserError: If an argument is out of its range.

    Differs from: nothing in its numbers; with `rate * Cosine(n, a)`, Keras's
    `CosineDecay(rate, n, a)`, optax's `cosine_decay_schedule(rate, n, a)` and PyTorch's
    `CosineAnnealingLR(T_max=n, eta_min=rate * a)` up to step `n` are the same.

    Example:
        >>> round(float(Cosine(1000, end=0.1)(500)), 4)
        0.55

    Reference: Loshchilov & Hutter, 2017, equation 5, https://arxiv.org/abs/1608.03983
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
        wave = 0.5 * (1.0 + ops.cos(math.pi * (elapsed / self.steps)))
        return self.end + (1.0 - self.end) * wave

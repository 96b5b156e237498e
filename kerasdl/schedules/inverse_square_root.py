"""A fall with the root of the steps."""

import math
from typing import Any

import keras
from keras import ops

from kerasdl.schedules._checks import check_length
from kerasdl.schedules.schedule import Length, Schedule, in_steps


@keras.saving.register_keras_serializable(package="kerasdl")
class InverseSquareRoot(Schedule):
    """A fall with one over the root of the steps.

    `y(t) = sqrt(timescale / (timescale + t))`

    The schedule of the first Transformer, with `w` steps of warm-up and width `d`:
    `(d * w) ** -0.5 * (Warmup(w) >> InverseSquareRoot(w))`.

    Args:
        timescale: Steps, or `Epochs`, after which `y` is `1 / sqrt(2)`; after a warm-up, usually
            its length, so that the rate falls with the root of all steps made.
        length: Steps, or `Epochs`, until what follows in a chain; `None` for ever.

    Raises:
        UserError: If an argument is out of its range.

    Example:
        >>> float(InverseSquareRoot(100)(300))
        0.5

    Reference: Vaswani et al., 2017, equation 3, https://arxiv.org/abs/1706.03762
    """

    def __init__(self, timescale: Length, length: Length | None = None) -> None:
        check_length("timescale", timescale)
        check_length("length", length, endless=True)
        self.timescale = timescale
        self.length = length

    @property
    def last(self) -> float:
        """The factor at the end."""
        timescale = in_steps("timescale", self.timescale)
        return math.sqrt(timescale / (timescale + self.steps))

    def factor(self, elapsed: Any) -> Any:
        """See the class."""
        timescale = in_steps("timescale", self.timescale)
        return ops.sqrt(timescale / (timescale + elapsed))

"""A fall in steps."""

from typing import Any

import keras
from keras import ops

from kerasdl.schedules._checks import check_factor, check_length
from kerasdl.schedules.schedule import Length, Schedule, in_steps


@keras.saving.register_keras_serializable(package="kerasdl")
class Step(Schedule):
    """A multiplication by `ratio` after every so many steps, and no change in between.

    `y(t) = ratio ** floor(t / every)`

    Halved every 5 epochs: `Step(Epochs(5))`. A tenth every 20: `Step(Epochs(20), 0.1)`.

    Args:
        every: Steps, or `Epochs`, from one multiplication to the next.
        ratio: What the rate is multiplied by, positive.
        length: Steps, or `Epochs`, until what follows in a chain; `None` for ever.

    Raises:
        UserError: If an argument is out of its range.

    Differs from: nothing in its numbers; `rate * Step(n, f)`, Keras's
    `ExponentialDecay(rate, n, f, staircase=True)` and PyTorch's `StepLR(n, f)` are the same.

    Example:
        >>> [float(Step(5)(step)) for step in (0, 4, 5, 10)]
        [1.0, 1.0, 0.5, 0.25]
    """

    def __init__(self, every: Length, ratio: float = 0.5, length: Length | None = None) -> None:
        check_length("every", every)
        check_factor("ratio", ratio)
        check_length("length", length, endless=True)
        self.every = every
        self.ratio = ratio
        self.length = length

    @property
    def last(self) -> float:
        """The factor at the end."""
        return float(self.ratio) ** (self.steps // in_steps("every", self.every))

    def factor(self, elapsed: Any) -> Any:
        """See the class."""
        # In integers: a rounded quotient might fall on the wrong side of a border.
        times = ops.floor_divide(ops.cast(elapsed, "int32"), in_steps("every", self.every))
        dtype = keras.backend.standardize_dtype(elapsed.dtype)
        return ops.power(ops.cast(self.ratio, dtype), ops.cast(times, dtype))

"""A steady fall by a constant ratio."""

from typing import Any

import keras
from keras import ops

from kerasdl.schedules._checks import check_factor, check_length
from kerasdl.schedules.schedule import Length, Schedule, in_steps


@keras.saving.register_keras_serializable(package="kerasdl")
class Exponential(Schedule):
    """A steady fall by the factor `ratio` in every so many steps.

    `y(t) = ratio ** (t / every)`

    Args:
        every: Steps, or `Epochs`, in which the rate is multiplied by `ratio`.
        ratio: Positive.
        length: Steps, or `Epochs`, until what follows in a chain; `None` for ever.

    Raises:
        UserError: If an argument is out of its range.

    Differs from: nothing in its numbers; `rate * Exponential(n, f)`, Keras's
    `ExponentialDecay(rate, n, f)` and optax's `exponential_decay(rate, n, f)` are the same.

    Example:
        >>> float(Exponential(100, 0.25)(50))
        0.5
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
        return float(self.ratio) ** (self.steps / in_steps("every", self.every))

    def factor(self, elapsed: Any) -> Any:
        """See the class."""
        exponent = elapsed / in_steps("every", self.every)
        dtype = keras.backend.standardize_dtype(exponent.dtype)
        return ops.power(ops.cast(self.ratio, dtype), exponent)

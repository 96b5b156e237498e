"""A length in epochs."""

import math
from typing import Any

import keras

from kerasdl.errors import UserError


@keras.saving.register_keras_serializable(package="kerasdl")
class Epochs:
    """A length in epochs, for any schedule that takes a number of steps.

    A schedule is asked for the rate at a step and is not told how many steps an epoch has. So one
    with `Epochs` in it is a plan, made usable by `schedule.resolve(steps_per_epoch)`.

    Args:
        count: How many; positive, a fraction is allowed.

    Raises:
        UserError: If `count` is not a positive number.

    Example:
        >>> plan = Warmup(Epochs(1)) >> Cosine(Epochs(9))
        >>> plan.resolve(steps_per_epoch=469)
        Warmup(469) >> Cosine(4221)
    """

    def __init__(self, count: float) -> None:
        known = isinstance(count, int | float) and not isinstance(count, bool)
        if not known or not math.isfinite(count) or count <= 0:
            raise UserError(f"`count` must be a number > 0. Received: count={count!r}")
        self.count = count

    def in_steps(self, steps_per_epoch: int) -> int:
        """The nearest number of steps, at least one."""
        return max(1, round(self.count * steps_per_epoch))

    def get_config(self) -> dict[str, Any]:
        """The constructor's argument."""
        return {"count": self.count}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Epochs":
        """The reverse of `get_config`."""
        return cls(**config)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Epochs) and other.count == self.count

    def __hash__(self) -> int:
        return hash(("Epochs", self.count))

    def __repr__(self) -> str:
        return f"Epochs({self.count!r})"

"""A schedule times a number."""

from typing import Any

import keras
from keras import ops

from kerasdl.errors import UserError
from kerasdl.schedules._checks import check_factor
from kerasdl.schedules.schedule import Schedule, as_float


@keras.saving.register_keras_serializable(package="kerasdl")
class Scaled(Schedule):
    """A schedule times a number; what `0.001 * schedule` makes.

    `y(t) = scale * schedule(t)`, or `max(scale * schedule(t), min(floor, schedule(t)))` with a
    floor: the scale alone never takes a rate below it.

    Args:
        schedule: Any `keras.optimizers.schedules.LearningRateSchedule`.
        scale: A number, at least 0.
        floor: A rate, at least 0.

    Raises:
        UserError: If an argument is out of its range.

    Example:
        >>> float(Scaled(keras.optimizers.schedules.CosineDecay(0.1, 100), 0.5)(0))
        0.05000000074505806
    """

    def __init__(
        self,
        schedule: keras.optimizers.schedules.LearningRateSchedule,
        scale: float,
        floor: float = 0.0,
    ) -> None:
        if not isinstance(schedule, keras.optimizers.schedules.LearningRateSchedule):
            raise UserError(f"`schedule` must be a schedule. Received: schedule={schedule!r}")
        check_factor("scale", scale, zero=True)
        check_factor("floor", floor, zero=True)
        self.schedule = schedule
        self.scale = scale
        self.floor = floor

    @property
    def endless(self) -> bool:
        """Whether the schedule is; those of Keras are."""
        return not isinstance(self.schedule, Schedule) or self.schedule.endless

    @property
    def steps(self) -> int | None:
        """The schedule's length."""
        return None if self.endless else self.schedule.steps

    @property
    def last(self) -> float:
        """The scaled last factor."""
        last = self.schedule.last
        return max(self.scale * last, min(self.floor, last))

    def __call__(self, step: Any) -> Any:
        """The rate at a step."""
        value = as_float(self.schedule(step))
        scaled = ops.multiply(value, self.scale)
        if not self.floor:
            return scaled
        return ops.maximum(scaled, ops.minimum(value, self.floor))

    def __repr__(self) -> str:
        if self.floor:
            return super().__repr__()
        inner = repr(self.schedule)
        return f"{self.scale!r} * " + (f"({inner})" if ">>" in inner else inner)

"""Learning rates multiplied from outside, whatever they come from."""

from typing import Any, NamedTuple

import keras

from kerasdl.callbacks._owners import owners_of
from kerasdl.callbacks._step_tap import rebuild
from kerasdl.errors import UserError
from kerasdl.schedules import Scaled


class Multiplied(NamedTuple):
    """A learning rate before and after.

    Args:
        before: The rate at the present step.
        after: Likewise.
    """

    before: float
    after: float


def multiply_rates(model: keras.Model, factor: float, floor: float = 0.0) -> Multiplied:
    """Multiplies every learning rate that `model` is trained with, from the next step on.

    A rate that is a number is assigned to. A schedule is replaced by `Scaled(schedule, …)`, and the
    training step is compiled again at its next run: on JAX a schedule is a constant of the step.

    Args:
        model: A compiled model whose optimizer is built.
        factor: What to multiply by.
        floor: A rate that the factors do not take any rate below.

    Returns:
        The first of the rates.

    Raises:
        UserError: If a rate is a function.
    """
    owners = list(owners_of(model.optimizer))
    before = float(keras.ops.convert_to_numpy(owners[0].learning_rate))
    constants = [_multiply(owner, factor, floor) for owner in owners]
    if not all(constants):
        rebuild(model)
    return Multiplied(before, float(keras.ops.convert_to_numpy(owners[0].learning_rate)))


def _multiply(owner: keras.Optimizer, factor: float, floor: float) -> bool:
    """Whether the rate is a number."""
    source = owner._learning_rate  # Keras shows only the rate at the present step
    if isinstance(source, keras.Variable):
        rate = float(keras.ops.convert_to_numpy(source))
        owner.learning_rate = max(rate * factor, min(floor, rate))
        return True
    if not isinstance(source, keras.optimizers.schedules.LearningRateSchedule):
        raise UserError(
            "`learning_rate` must be a number or a schedule to be multiplied. "
            f"Received: {source!r} in the optimizer '{owner.name}'"
        )
    if isinstance(source, Scaled) and source.floor == floor:
        scaled = Scaled(source.schedule, source.scale * factor, floor)
    else:
        scaled = Scaled(source, factor, floor)
    _set_schedule(owner, scaled)
    return False


def scales(optimizer: Any) -> list[list[tuple[float, float]]]:
    """What multiplies the schedule of each rate, from the outside in, as `(scale, floor)`."""
    return [_scales(owner._learning_rate)[1] for owner in owners_of(optimizer)]


def restore_scales(model: keras.Model, saved: list[list[tuple[float, float]]]) -> None:
    """Multiplies the schedules as they were multiplied when `scales` was asked."""
    changed = False
    for owner, wanted in zip(owners_of(model.optimizer), saved, strict=True):
        schedule, own = _scales(owner._learning_rate)
        wanted = [tuple(pair) for pair in wanted]
        if own == wanted:
            continue
        for scale, floor in reversed(wanted):
            schedule = Scaled(schedule, scale, floor)
        _set_schedule(owner, schedule)
        changed = True
    if changed:
        rebuild(model)


def _scales(source: Any) -> tuple[Any, list[tuple[float, float]]]:
    found = []
    while isinstance(source, Scaled):
        found.append((source.scale, source.floor))
        source = source.schedule
    return source, found


def _set_schedule(owner: keras.Optimizer, schedule: Any) -> None:
    owner.learning_rate = schedule
    template = getattr(owner, "optimizer", None)
    if isinstance(template, keras.Optimizer):
        template.learning_rate = schedule  # what `ParameterGroups` is saved by

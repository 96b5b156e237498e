"""Learning rates multiplied from outside, whatever they come from."""

from typing import NamedTuple

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


def multiply_rates(
    model: keras.Model, factor: float, floor: float = 0.0, numbers: bool = True
) -> Multiplied:
    """Multiplies every learning rate that `model` is trained with, from the next step on.

    A rate that is a number is assigned to. A schedule is replaced by `Scaled(schedule, …)`, and the
    training step is compiled again at its next run: on JAX a schedule is a constant of the step.

    Args:
        model: A compiled model whose optimizer is built.
        factor: What to multiply by.
        floor: A rate that the factors do not take any rate below.
        numbers: Whether rates that are numbers are multiplied too, not schedules alone.

    Returns:
        The first of the rates.

    Raises:
        UserError: If a rate is a function.
    """
    owners = list(owners_of(model.optimizer))
    before = float(keras.ops.convert_to_numpy(owners[0].learning_rate))
    schedules = [owner for owner in owners if numbers or not _is_number(owner)]
    constants = [_multiply(owner, factor, floor) for owner in schedules]
    if not all(constants):
        rebuild(model)
    return Multiplied(before, float(keras.ops.convert_to_numpy(owners[0].learning_rate)))


def _is_number(owner: keras.Optimizer) -> bool:
    return isinstance(owner._learning_rate, keras.Variable)


def _multiply(owner: keras.Optimizer, factor: float, floor: float) -> bool:
    """Whether the rate is a number."""
    source = owner._learning_rate  # Keras shows only the rate at the present step
    if _is_number(owner):
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
    owner.learning_rate = scaled
    template = getattr(owner, "optimizer", None)
    if isinstance(template, keras.Optimizer):
        template.learning_rate = scaled  # what `ParameterGroups` is saved by
    return False

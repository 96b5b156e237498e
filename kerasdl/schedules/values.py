"""A schedule's numbers."""

import keras
import numpy as np

from kerasdl.schedules.chain import Chain
from kerasdl.schedules.scaled import Scaled
from kerasdl.schedules.schedule import Schedule


def schedule_values(
    schedule: keras.optimizers.schedules.LearningRateSchedule, steps: np.ndarray
) -> np.ndarray:
    """The rate at each of `steps`.

    Args:
        schedule: Any schedule; Keras's own are asked step by step.
        steps: `(N,)` integers.

    Returns:
        `(N,)` float64.
    """
    steps = np.asarray(steps, "int32")
    if _takes_arrays(schedule):
        found = keras.ops.convert_to_numpy(schedule(steps))
    else:
        found = [float(keras.ops.convert_to_numpy(schedule(int(step)))) for step in steps]
    return np.asarray(found, "float64")


def _takes_arrays(schedule: keras.optimizers.schedules.LearningRateSchedule) -> bool:
    if isinstance(schedule, Chain):
        return all(map(_takes_arrays, schedule.parts))
    if isinstance(schedule, Scaled):
        return _takes_arrays(schedule.schedule)
    return isinstance(schedule, Schedule)

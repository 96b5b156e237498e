"""Copies of a training's weights and optimizer, to go back to."""

from typing import NamedTuple

import keras
import numpy as np


class Snapshot(NamedTuple):
    """How a training was before a step.

    Args:
        step: The step.
        epoch: The epoch it is in.
        batches: Batches of that epoch in the metrics.
        values: The model's, the optimizer's and the metrics' variables, and their values.
    """

    step: int
    epoch: int
    batches: int
    values: list[tuple[keras.Variable, np.ndarray]]


def take(model: keras.Model, step: int, epoch: int, batches: int) -> Snapshot:
    """A copy, in the host's memory."""
    state = [*model.variables, *model.optimizer.variables, *model.metrics_variables]
    values = [(variable, np.array(keras.ops.convert_to_numpy(variable))) for variable in state]
    return Snapshot(step, epoch, batches, values)


def put_back(model: keras.Model, snapshot: Snapshot, epoch: int) -> int:
    """Makes `model` what it was; the result is the number of batches in its metrics then."""
    for variable, value in snapshot.values:
        variable.assign(value)
    if snapshot.epoch == epoch and snapshot.batches:
        return snapshot.batches
    model.reset_metrics()  # some may have been made since
    return 0


def not_finite(model: keras.Model) -> str:
    """Names the weights that are not finite; empty if all are."""
    bad = [
        f"the weight {variable.path}"
        for variable in model.variables
        if "float" in keras.backend.standardize_dtype(variable.dtype)
        and not np.all(np.isfinite(keras.ops.convert_to_numpy(variable)))
    ]
    more = f" and {len(bad) - 1} more" if len(bad) > 1 else ""
    return f"{bad[0]}{more}" if bad else ""

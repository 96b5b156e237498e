"""Copies of a training's weights and optimizer, to go back to."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import keras
import numpy as np

from kerasdl.callbacks._owners import owners_of


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
    values = [
        (variable, np.array(keras.ops.convert_to_numpy(variable))) for variable in _variables(model)
    ]
    return Snapshot(step, epoch, batches, values)


def as_state(snapshot: Snapshot) -> dict[str, Any]:
    """Plain values and arrays."""
    arrays = [value for _, value in snapshot.values]
    return {**snapshot._asdict(), "values": arrays}


def from_state(model: keras.Model, state: Mapping[str, Any]) -> Snapshot:
    """The snapshot that `as_state` was given, of the same model in another process."""
    # Metrics made since it was taken come last.
    values = list(zip(_variables(model), state["values"], strict=False))
    return Snapshot(state["step"], state["epoch"], state["batches"], values)


def _variables(model: keras.Model) -> list[keras.Variable]:
    return [*model.variables, *model.optimizer.variables, *model.metrics_variables]


def put_back(model: keras.Model, snapshot: Snapshot, epoch: int) -> int:
    """Makes `model` what it was, but for the learning rate, which others lower meanwhile.

    Returns:
        The number of batches in its metrics then.
    """
    rates = [owner.learning_rate for owner in owners_of(model.optimizer)]
    for variable, value in snapshot.values:
        if not any(variable is rate for rate in rates):
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

"""Everything that the next step of a training depends on, but the data."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from kerasdl.backend.random_state import random_state, restore_random_state
from kerasdl.callbacks._rates import restore_scales, scales
from kerasdl.callbacks._step_tap import recount
from kerasdl.checkpoints.callback_states import callback_states, restore_callbacks
from kerasdl.checkpoints.files import Snapshot
from kerasdl.checkpoints.model_state import (
    build_metrics,
    has_unbuilt_metrics,
    model_arrays,
    restore_model,
)

_RANDOM = "random/"


def training_state(
    model: keras.Model, callbacks: Sequence[keras.callbacks.Callback]
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Arrays by name and plain values: of model, optimizer, metrics, callbacks, random states."""
    numbers, random = random_state()
    remembered, states = callback_states(callbacks)
    arrays = model_arrays(model) | remembered
    arrays |= {f"{_RANDOM}{name}": array for name, array in numbers.items()}
    return arrays, {"scales": scales(model.optimizer), "callbacks": states, "random": random}


def restore_variables(model: keras.Model, snapshot: Snapshot) -> None:
    """Model and optimizer as they were; metrics begin anew with each epoch."""
    if not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)
    restore_model(model, snapshot.arrays, metrics=False)


def restore_training_state(
    model: keras.Model,
    callbacks: Sequence[keras.callbacks.Callback],
    snapshot: Snapshot,
    batch: Any = None,
) -> None:
    """Everything as it was before the batch that comes.

    Args:
        model: That is being fitted.
        callbacks: As `training_state` got them.
        snapshot: Holds what it gave.
        batch: Any batch of the data, in the middle of an epoch: metrics are restored then too.
    """
    in_middle = batch is not None
    if in_middle and has_unbuilt_metrics(model, snapshot.arrays):
        build_metrics(model, batch)
    restore_model(model, snapshot.arrays, metrics=in_middle)
    about = snapshot.about
    restore_scales(model, about["scales"])
    recount(model)
    restore_callbacks(callbacks, snapshot.arrays, about["callbacks"])
    numbers = {
        name.removeprefix(_RANDOM): array
        for name, array in snapshot.arrays.items()
        if name.startswith(_RANDOM)
    }
    restore_random_state(numbers, about["random"])

"""The activations of a model, measured on inputs."""

from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import numpy as np

from kerasdl.backend.gradients import as_pure, compiled
from kerasdl.callbacks._activations import activation_name, unit_count, unit_figures
from kerasdl.callbacks._recording import named, recorded_calls


class Measured(NamedTuple):
    """An activation that is measured.

    Args:
        layer: The layer's path.
        name: The activation's name.
        units: How many units (features, channels) it has.
        final: Whether it is an output of the model.
    """

    layer: str
    name: str
    units: int
    final: bool


def activation_measurement(
    model: keras.Model, margin: float, training: bool = False
) -> Callable[[Any], tuple[np.ndarray, list[Measured]]]:
    """A function of inputs, compiled: `(N, 2)` shares of dead units and of saturated outputs.

    It gives also what the `N` rows are about; see `ActivationMonitor` for both shares.

    Args:
        model: Nothing in it changes.
        margin: See `ActivationMonitor`.
        training: Whether layers run as in training.
    """
    about: list[Measured] = []

    def figures(x: Any) -> Any:
        with recorded_calls() as calls:
            returned = model(x, training=training)
        finals = {id(tensor) for tensor in keras.tree.flatten(returned)}
        about.clear()
        found = []
        for path, call in named(calls):
            name = activation_name(call.layer)
            if name is not None:
                units = unit_count(call.layer, call.outputs)
                about.append(Measured(path, name, units, id(call.outputs) in finals))
                found.append(unit_figures(call.layer, call.outputs, margin))
        return keras.ops.stack(found) if found else keras.ops.zeros((0, 2))

    @compiled
    def pure(values: Any, x: Any) -> Any:
        return as_pure(lambda: figures(x), model.variables)(values)

    def measure(x: Any) -> tuple[np.ndarray, list[Measured]]:
        tensors = keras.tree.map_structure(keras.ops.convert_to_tensor, x)
        values = [variable.value for variable in model.variables]
        return np.asarray(keras.ops.convert_to_numpy(pure(values, tensors))), about

    return measure

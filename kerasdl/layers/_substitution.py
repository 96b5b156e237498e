"""Calling a layer with other values in place of its variables."""

from collections.abc import Callable, Iterable
from typing import Any

import keras

from kerasdl.errors import UserError


def find_variables(layer: keras.layers.Layer, names: Iterable[str]) -> list[keras.Variable]:
    """The layer's trainable variables with these names, in its own order."""
    names = tuple(names)
    found = [v for v in layer.trainable_variables if v.name in names]
    missing = sorted(set(names) - {v.name for v in found})
    if missing:
        known = sorted({v.name for v in layer.trainable_variables})
        raise UserError(
            f"`weights` must name trainable variables of {layer.name!r}, which are "
            f"{', '.join(known)}. Received: {', '.join(missing)}"
        )
    return found


def call_with(
    owner: keras.layers.Layer,
    layer: keras.layers.Layer,
    values: dict[int, Any],
    function: Callable[[], Any],
) -> Any:
    """Runs `function()` while variables of `layer` read as other values.

    What the layer assigns to its other variables is assigned, and its losses become the owner's.
    Gradients flow through the values to what they were computed from.

    Args:
        owner: Gets the losses.
        layer: Has the variables.
        values: From the `id` of a variable to its value.
        function: Calls the layer.
    """
    # All variables are mapped: an inner scope hides the values of the scope around it.
    read = [(v, v.value) for v in layer.variables]
    mapping = [(v, values.get(id(v), value)) for v, value in read]
    with keras.StatelessScope(mapping, collect_losses=True) as scope:
        before = [scope.get_current_value(v) for v, _ in read]
        outputs = function()
    for (variable, _), value in zip(read, before, strict=True):
        after = scope.get_current_value(variable)
        if after is not value:
            variable.assign(after)
    for loss in scope.losses:
        owner.add_loss(loss)
    return outputs

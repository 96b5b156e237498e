"""Models that end inside another one."""

from collections.abc import Iterator

import keras

from kerasdl.errors import UserError, did_you_mean


def inner_layers(model: keras.Model) -> list[keras.layers.Layer]:
    """The layers of a functional model in their order, those of models inside it in their place."""
    return list(_walk(model))


def inner_model(model: keras.Model, layer: str) -> keras.Model:
    """A model from the same inputs to the output of a layer, which may stand in a model inside.

    The weights are shared. A run's model has its preprocessing at the entrance, so that raw inputs
    go in here too.

    Args:
        model: A functional model. Models inside it must stand in a chain: each layer of `model`
            before them feeds the next.
        layer: Name of the layer.

    Raises:
        UserError: If there is no such layer.

    Example:
        >>> inner = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, name="code")])
        >>> outer = keras.Sequential([keras.Input((3,)), keras.layers.Rescaling(2.0), inner])
        >>> inner_model(outer, "code").output_shape
        (None, 2)
    """
    if any(found.name == layer for found in model.layers):
        return keras.Model(model.inputs, model.get_layer(layer).output)
    x = model.inputs[0] if len(model.inputs) == 1 else model.inputs
    for found in model.layers:
        if isinstance(found, keras.layers.InputLayer):
            continue
        if isinstance(found, keras.Model) and _has(found, layer):
            return keras.Model(model.inputs, inner_model(found, layer)(x))
        x = found(x)
    names = [found.name for found in inner_layers(model)]
    raise UserError(f"the model has no layer {layer!r}.{did_you_mean(layer, names)}")


def _walk(model: keras.Model) -> Iterator[keras.layers.Layer]:
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _walk(layer)
        elif not isinstance(layer, keras.layers.InputLayer):
            yield layer


def _has(model: keras.Model, layer: str) -> bool:
    return any(found.name == layer for found in _walk(model))

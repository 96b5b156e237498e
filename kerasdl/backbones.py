"""Another plugin's architecture as the first part of a model."""

from pathlib import Path
from typing import Any

import keras

from kerasdl.errors import UserError, did_you_mean
from kerasdl.layers.origin import Origin
from kerasdl.models import create_model
from kerasdl.plugin import Spec

_HEAD = "head"


def backbone(
    name: str,
    spec: Spec,
    *,
    task: str | None = None,
    until: str | None = None,
    weights: str | Path | None = None,
    freeze: bool = False,
    **config: Any,
) -> keras.Model:
    """An architecture without its head, for builders of other architectures.

    The record of the architecture that is built says `requires=("kerasdl-resnet:resnet",)`, and
    its distribution depends on `kerasdl-resnet`: where that is absent, quarantined or switched
    off, `create_model` says so before anything is built. A saved model carries the origin of both,
    and `load_model` loads both plugins.

    Args:
        name: Architecture, variant or alias, as `create_model` takes it.
        spec: What the data says. `outputs` is not needed.
        task: The task that it is built for, where it does not serve the spec's.
        until: Name of the layer whose output is given, instead of what goes into the head: the
            layer `head`, else the one with weights that the output comes from.
        weights: A run or file of that architecture to start from, as in `create_model`.
        freeze: Whether the features are not trained; normalization then uses its stored moments.
        **config: Values of the architecture's config fields.

    Returns:
        A model named after the architecture, to be called on an input of the spec's shape and
        dtype.

    Raises:
        UserError: If the architecture is not there, does not serve the task, has no such layer,
            or cannot be cut there.
        PluginError: If the record of the builder at work does not require it.

    Example:
        >>> from kerasdl.plugin import Spec
        >>> spec = Spec(task="tabular-classification", input_shape=(4,))
        >>> backbone("mlp", spec, widths=(16, 8)).output_shape
        (None, 8)
    """
    spec = spec.replace(task=task or spec.task, outputs=spec.outputs or 1)
    whole = create_model(name, spec=spec, weights=weights, **config)
    ends = [layer for layer in whole.layers if isinstance(layer, Origin)]
    if not ends:
        raise UserError(
            f"`name` must be of a functional architecture with one output. Received: name={name!r}"
        )
    features = Origin({**ends[-1].origin, "part": "features"}, widen=False, name="origin")(
        _cut(whole, name, until)
    )
    inputs = whole.inputs if len(whole.inputs) > 1 else whole.input
    model = keras.Model(inputs, features, name=whole.name)
    model.trainable = not freeze
    return model


def _cut(model: keras.Model, name: str, until: str | None) -> Any:
    """The output of a layer, or what goes into the head."""
    layers = {layer.name: layer for layer in model.layers}
    if until is not None and until not in layers:
        raise UserError(
            f"`until` must be a layer of {name!r}. Received: until={until!r}."
            f"{did_you_mean(until, layers)}"
        )
    if until is None:
        found = _one(layers.get(_HEAD) or _last(model), "input")
    else:
        found = _one(layers[until], "output")
    if not isinstance(found, keras.KerasTensor):
        raise UserError(
            f"{name!r} cannot be cut at {until or 'its head'}: the layer must be called once, on "
            f"one tensor. Name another layer in `until`.{did_you_mean('', layers)}"
        )
    return found


def _last(model: keras.Model) -> keras.layers.Layer | None:
    """The layer with weights that the output comes from; None where it is called elsewhere."""
    tensor = model.output
    for layer in reversed(model.layers):
        if _one(layer, "output") is tensor:
            if layer.weights:
                return layer
            tensor = _one(layer, "input")
    return None


def _one(layer: keras.layers.Layer | None, side: str) -> Any:
    """What goes in or comes out; None for a layer that is called more than once."""
    try:
        return getattr(layer, side, None)
    except ValueError:
        return None

"""Steps that are compiled although Keras leaves them uncompiled."""

from collections.abc import Iterator
from typing import Any

import keras

_COMPILABLE = (
    keras.layers.RandomPerspective,
    keras.layers.RandomRotation,
    keras.layers.RandomShear,
    keras.layers.RandomTranslation,
    keras.layers.RandomZoom,
)


def let_compile(model: keras.Model) -> list[keras.Layer]:
    """On JAX, lets layers compile that say they cannot, and do.

    One layer whose `supports_jit` is false has Keras run every step of its model operation by
    operation. The layers that turn, move and bend images say so, at any depth within `RandAugment`
    and the like, for the sake of XLA in TensorFlow; JAX compiles them. Call it before
    `Model.compile`, or set `model.jit_compile = None` after it: Keras asks once.

    Returns:
        Layers that still keep the steps from being compiled; none on the other backends, where
        a graph or eager steps are the usual way.
    """
    if keras.backend.backend() != "jax":
        return []
    layers = list(_within(model, set()))
    for layer in layers:
        if isinstance(layer, _COMPILABLE):
            layer.supports_jit = True
    return [layer for layer in layers if not layer.supports_jit]


def _within(layer: keras.Layer, seen: set[int]) -> Iterator[keras.Layer]:
    """A layer and those that it holds, each once."""
    if id(layer) in seen:
        return
    seen.add(id(layer))
    yield layer
    for value in [*vars(layer).values(), getattr(layer, "layers", None)]:
        for inner in _entries(value):
            if isinstance(inner, keras.Layer):
                yield from _within(inner, seen)


def _entries(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return list(value) if isinstance(value, list | tuple) else [value]

"""Layers inside of layers."""

from typing import Any

import keras


def fresh(initializer: Any) -> Any:
    """A copy that draws anew: one instance gives equal values to equal shapes."""
    clone = getattr(initializer, "clone", None)
    return initializer if clone is None else clone()


def built_dense(
    owner: keras.layers.Layer,
    inputs: int,
    units: int,
    name: str,
    kernel_initializer: Any,
    **arguments: Any,
) -> keras.layers.Dense:
    """A `Dense` of the owner's precision, built for `inputs` features."""
    layer = keras.layers.Dense(
        units,
        kernel_initializer=fresh(kernel_initializer),
        dtype=owner.dtype_policy,
        name=name,
        **arguments,
    )
    layer.build((None, inputs))
    return layer


def serialize_unbuilt(layer: keras.layers.Layer | None) -> dict[str, Any] | None:
    """A layer's config as an argument of another: without the shape it happens to be built for."""
    if layer is None:
        return None
    config = keras.saving.serialize_keras_object(layer)
    config.pop("build_config", None)
    return config

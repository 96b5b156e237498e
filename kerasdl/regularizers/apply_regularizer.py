"""A regularizer on the weights of a model that exists."""

import fnmatch
from collections.abc import Iterator, Sequence
from typing import Any

import keras

from kerasdl.errors import UserError, did_you_mean


def apply_regularizer(
    model: keras.layers.Layer,
    regularizer: Any,
    exclude: Sequence[str] = (),
    biases: bool = False,
    normalization: bool = False,
) -> list[str]:
    """Gives every trainable weight of a model the regularizer, in place of the one it has.

    Layers keep it in their config (`kernel_regularizer`, ...), so that it is saved with the model.
    A layer built of others, such as `MultiHeadAttention`, makes its parts anew when it is loaded:
    call this again there. Training steps of the model that are compiled already are compiled anew.

    Args:
        model: A built model or layer.
        regularizer: A Keras regularizer, its name, or `None` to remove what there is.
        exclude: Patterns of weight paths to leave as they are, such as `"head/*"`.
        biases: Whether weights called `...bias` are regularized.
        normalization: Whether weights of layers called `...Norm...` are regularized.

    Returns:
        The paths of the weights regularized.

    Raises:
        ValueError: If the regularizer is unknown, the model is not built, or a pattern fits none of
            its weights.

    Differs from: the arguments `kernel_regularizer=` and the like, which must be given when the
        layers are made.

    Example:
        >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, name="a")])
        >>> [path.split("/")[-1] for path in apply_regularizer(model, "l2")]
        ['kernel']
    """
    regularizer = keras.regularizers.get(regularizer)
    _check(model, exclude)
    paths = []
    for layer, variable in _owned(model, set()):
        if not biases and variable.name.endswith("bias"):
            continue
        if not normalization and "norm" in type(layer).__name__.lower():
            continue
        if any(fnmatch.fnmatchcase(variable.path, pattern) for pattern in exclude):
            continue
        variable.regularizer = regularizer
        _keep(layer, variable, regularizer)
        paths.append(variable.path)
    for function in ("train_function", "test_function"):
        if getattr(model, function, None) is not None:
            setattr(model, function, None)
    return paths


def _check(model: keras.layers.Layer, exclude: Sequence[str]) -> None:
    if not model.built:
        raise UserError(f"`model` must be built, to have weights. Received: {model.name!r}")
    if isinstance(exclude, str):
        raise UserError(f"`exclude` must be a list of patterns. Received: {exclude=}")
    paths = [variable.path for variable in model.variables]
    for pattern in exclude:
        if not any(fnmatch.fnmatchcase(path, pattern) for path in paths):
            raise UserError(
                "`exclude` must have patterns that fit the path of a weight. "
                f"Received: {pattern!r}.{did_you_mean(pattern, paths)}"
            )


def _owned(layer: keras.layers.Layer, seen: set[int]) -> Iterator[tuple[Any, Any]]:
    """Each trainable weight below `layer` once, with the innermost layer that has it."""
    if id(layer) in seen:
        return
    seen.add(id(layer))
    for inner in _layers_in(list(vars(layer).values())):
        yield from _owned(inner, seen)
    for variable in layer.trainable_variables:
        if id(variable) not in seen:
            seen.add(id(variable))
            yield layer, variable


def _layers_in(value: Any) -> Iterator[keras.layers.Layer]:
    """The layers in nested collections."""
    # Not keras.tree.flatten: it sorts keys, which TensorFlow makes of layers.
    if isinstance(value, keras.layers.Layer):
        yield value
    elif isinstance(value, dict | list | tuple):
        for entry in value.values() if isinstance(value, dict) else value:
            yield from _layers_in(entry)


def _keep(layer: keras.layers.Layer, variable: keras.Variable, regularizer: Any) -> None:
    """Sets the argument of the layer that its config reads."""
    stem = variable.name.removesuffix("_kernel")
    for name in (variable.name, stem, "depthwise"):
        if hasattr(layer, f"{name}_regularizer"):
            setattr(layer, f"{name}_regularizer", regularizer)
            return

"""Which tensor of a step was the first that is not finite."""

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from kerasdl.callbacks._recording import named, recorded_calls


def first_bad_tensor(model: keras.Model, batch: Any, flags: np.ndarray) -> str:
    """Names the first tensor that is not finite, in the order in which a step computes them.

    Inputs, weights, outputs of layers in the order of their calls, targets and sample weights,
    the loss, gradients from the last layer to the first. The forward pass is made again, eagerly,
    by the weights that the model has now; nothing of the model changes.

    Args:
        model: The model with the weights of the step.
        batch: What the step was given.
        flags: `(1 + V,)`, whether the loss and each gradient of the trainable variables is finite.
    """
    for name, tensor in _in_order(model, batch):
        values = _values(tensor)
        if not np.all(np.isfinite(values)):
            return f"{name} ({_where(values)})"
    if not flags[0]:
        return "the loss"
    bad = np.flatnonzero(flags[1:] == 0)
    if bad.size:
        # The backward pass comes to the last variables first.
        return f"the gradient of {model.trainable_variables[bad[-1]].path}"
    return "unknown: with the present weights all of this batch is finite"


def _in_order(model: keras.Model, batch: Any) -> Iterator[tuple[str, Any]]:
    x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(batch)
    yield from _leaves("the input", x)
    for variable in model.variables:
        yield f"the weight {variable.path}", variable
    with keras.StatelessScope(), recorded_calls() as calls:
        model(x, training=True)
    for path, call in named(calls):
        yield from _leaves(f"the output of {path} ({type(call.layer).__name__})", call.outputs)
    yield from _leaves("the target", y)
    yield from _leaves("the sample weight", sample_weight)


def _leaves(name: str, tree: Any) -> Iterator[tuple[str, Any]]:
    leaves = [leaf for leaf in keras.tree.flatten(tree) if leaf is not None]
    for index, leaf in enumerate(leaves):
        yield (name if len(leaves) == 1 else f"{name} {index}"), leaf


def _values(tensor: Any) -> np.ndarray:
    tensor = keras.ops.convert_to_tensor(tensor)
    dtype = keras.backend.standardize_dtype(tensor.dtype)
    if "float" not in dtype:
        return np.zeros(())
    if dtype == "bfloat16":
        tensor = keras.ops.cast(tensor, "float32")
    return np.asarray(keras.ops.convert_to_numpy(tensor))


def _where(values: np.ndarray) -> str:
    bad = ~np.isfinite(values)
    if not values.shape:
        return str(values)
    first = tuple(int(index) for index in np.argwhere(bad)[0])
    return f"{bad.sum()} of {values.size} values, the first at {list(first)}: {values[first]}"

"""Weights between models and files: a run, `.keras`, `.weights.h5` or safetensors."""

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerasdl.errors import UserError
from kerasdl.guard.arrays import check_weights
from kerasdl.layers.origin import Origin


def architecture_model(model: keras.Model) -> keras.Model:
    """The architecture inside a run's model, which begins with preprocessing; else `model`."""
    if _is_whole(model):
        return model
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            inner = architecture_model(layer)
            if _is_whole(inner):
                return inner
    return model


def save_safetensors(model: keras.Model, path: str | Path) -> None:
    """Writes all variables, named by their paths, with their order in the metadata."""
    from safetensors.numpy import save_file

    tensors = {
        variable.path: np.asarray(keras.ops.convert_to_numpy(variable.value))
        for variable in model.weights
    }
    save_file(tensors, str(path), metadata={"order": json.dumps(list(tensors))})


def load_into(
    model: keras.Model, source: str | Path, load: Callable[[Path], keras.Model]
) -> set[str]:
    """Fills `model` from `source`; variables of another size keep their fresh values.

    Args:
        model: The model to fill, made by `create_model`.
        source: A run folder, `.keras`, `.weights.h5` or `.safetensors` file.
        load: What opens a run folder or `.keras` file.

    Returns:
        Names of the layers filled entirely.

    Raises:
        UserError: If the source is missing, unreadable, or of another architecture.
    """
    path = Path(source)
    if path.suffix == ".safetensors":
        return _copy(model, _read_safetensors(path), path)
    if path.name.endswith(".weights.h5"):
        return _load_h5(model, path)
    donor = architecture_model(load(path))
    values = [(v.path, keras.ops.convert_to_numpy(v.value)) for v in donor.weights]
    return _copy(model, values, path)


def _is_whole(model: keras.Model) -> bool:
    """Whether it is an architecture's model, and no part of another's."""
    return any(isinstance(layer, Origin) and not layer.origin.get("part") for layer in model.layers)


def _read_safetensors(path: Path) -> list[tuple[str, np.ndarray]]:
    from safetensors import safe_open

    try:
        with safe_open(str(path), framework="numpy") as file:
            known = file.keys()
            order = json.loads((file.metadata() or {}).get("order", "null")) or sorted(known)
            if sorted(order) != sorted(known):
                raise ValueError("its order does not list its arrays")
            return [(name, file.get_tensor(name)) for name in order]
    except Exception as error:  # the library raises its own, and what NumPy makes of its dtypes
        raise UserError(f"{path} is not a safetensors file: {error}") from None


def _load_h5(model: keras.Model, path: Path) -> set[str]:
    check_weights(path)
    try:
        model.load_weights(path)
    except Exception as error:  # arrays that fit nowhere fail anywhere in Keras
        raise UserError(f"{path} does not fit this model: {error}") from None
    return {layer.name for layer in model.layers if layer.weights}


def _copy(model: keras.Model, values: list[tuple[str, Any]], source: Path) -> set[str]:
    pairs = _by_path(model, values) or _by_order(model, values, source)
    fresh = [
        f"{variable.path} {tuple(value.shape) if value.size else 'none'} -> {tuple(variable.shape)}"
        for variable, value in pairs
        if tuple(variable.shape) != tuple(value.shape)
    ]
    filled = [pair for pair in pairs if tuple(pair[0].shape) == tuple(pair[1].shape)]
    last = _last_layer_with_weights(model)
    stray = [line for line in fresh if not line.startswith(f"{last}/")]
    if stray:
        raise UserError(
            f"{source} does not fit: beside the head, other variables differ in size: "
            + "; ".join(stray[:3])
        )
    if fresh:
        warnings.warn(f"the head starts fresh: {'; '.join(fresh)}", stacklevel=4)
    for variable, value in filled:
        variable.assign(value)
    kept = {id(variable) for variable, _ in filled}
    return {
        layer.name
        for layer in model.layers
        if layer.weights and all(id(variable) in kept for variable in layer.weights)
    }


def _by_path(model: keras.Model, values: list[tuple[str, Any]]) -> list[tuple[Any, Any]] | None:
    """Each variable with the value of its name, where the source has all but the head's; else None.

    So an encoder goes from one task's head to another's. What the source lacks is given as an
    empty array, which fits no variable.
    """
    named, head = dict(values), _last_layer_with_weights(model)
    if len(named) < len(values) or len({v.path for v in model.weights}) < len(model.weights):
        return None  # a name that means two variables tells nothing
    if not any(v.path in named for v in model.weights):
        return None
    if any(v.path not in named and not v.path.startswith(f"{head}/") for v in model.weights):
        return None
    return [(v, named.get(v.path, np.empty(0))) for v in model.weights]


def _by_order(
    model: keras.Model, values: list[tuple[str, Any]], source: Path
) -> list[tuple[Any, Any]]:
    """Each variable with the value in its place: layers that Keras named have other names now."""
    if len(values) != len(model.weights):
        raise UserError(
            f"{source} holds {len(values)} variables, the model has {len(model.weights)}: "
            "weights can be taken from the same architecture and configuration only"
        )
    return [(v, value) for v, (_, value) in zip(model.weights, values, strict=True)]


def _last_layer_with_weights(model: keras.Model) -> str:
    return next((layer.name for layer in reversed(model.layers) if layer.weights), "")

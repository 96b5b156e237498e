"""What callbacks remember, as plain values."""

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

_KERAS_OWN = {"model", "params", "validation_data"}


class _NotPlain(Exception):
    """A value that no checkpoint holds."""


def callback_states(
    callbacks: Sequence[keras.callbacks.Callback],
) -> tuple[dict[str, np.ndarray], list[Any]]:
    """Arrays by name, and the states as JSON with references to them.

    A callback that has `state()` and `restore(state)` says itself what it is; of any other it is
    the public attributes that are plain values or arrays and no constructor's arguments, such as
    `wait`, `best` and `best_weights` of `keras.callbacks.EarlyStopping`.
    """
    arrays: dict[str, np.ndarray] = {}
    states = []
    for place, callback in enumerate(callbacks):
        values = callback.state() if _has_protocol(callback) else _public(callback)
        packed = {}
        for name, value in values.items():
            try:
                own: dict[str, np.ndarray] = {}
                packed[name] = _packed(value, f"callbacks/{place}/{name}", own)
                arrays |= own
            except _NotPlain:
                continue
        states.append({"class": type(callback).__name__, "values": packed})
    return arrays, states


def restore_callbacks(
    callbacks: Sequence[keras.callbacks.Callback],
    arrays: Mapping[str, np.ndarray],
    states: Sequence[Mapping[str, Any]],
) -> None:
    """Gives each callback its state back: the n-th of a class that of the n-th of that class."""
    waiting: dict[str, list[Any]] = {}
    for state in states:
        waiting.setdefault(state["class"], []).append(state["values"])
    for callback in callbacks:
        found = waiting.get(type(callback).__name__)
        if not found:
            continue
        values = {name: _unpacked(value, arrays) for name, value in found.pop(0).items()}
        if _has_protocol(callback):
            callback.restore(values)
            continue
        for name, value in values.items():
            setattr(callback, name, value)


def _has_protocol(callback: Any) -> bool:
    return callable(getattr(callback, "state", None)) and callable(
        getattr(callback, "restore", None)
    )


def _public(callback: keras.callbacks.Callback) -> dict[str, Any]:
    arguments: set[str] = set()
    for cls in type(callback).__mro__:
        if "__init__" in vars(cls):
            arguments |= set(inspect.signature(cls.__init__).parameters)
    return {
        name: value
        for name, value in vars(callback).items()
        if not name.startswith("_") and name not in arguments and name not in _KERAS_OWN
    }


def _packed(value: Any, name: str, arrays: dict[str, np.ndarray]) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        arrays[name] = value
        return {"array": name}
    if isinstance(value, list | tuple):
        return [_packed(entry, f"{name}/{n}", arrays) for n, entry in enumerate(value)]
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        entries = {k: _packed(entry, f"{name}/{k}", arrays) for k, entry in value.items()}
        return {"entries": entries}
    raise _NotPlain


def _unpacked(value: Any, arrays: Mapping[str, np.ndarray]) -> Any:
    if isinstance(value, list):
        return [_unpacked(entry, arrays) for entry in value]
    if isinstance(value, dict):
        if "array" in value:
            return arrays[value["array"]]
        return {key: _unpacked(entry, arrays) for key, entry in value["entries"].items()}
    return value

"""Callbacks that plugins bring into a run."""

import functools
from collections.abc import Callable
from typing import Any

import keras

from kerasdl.plugin import PluginState, host

_HOOK = "kerasdl_callbacks"
_METHODS = [name for name in dir(keras.callbacks.Callback) if name.startswith("on_")]


def joining_callbacks(run: Any) -> list[keras.callbacks.Callback]:
    """What plugins yield for a run; one that raises does no more from then on.

    Its plugin is left out with a warning, and the training goes on.
    """
    return [
        guarded(callback, state)
        for state, yielded in host().gather(_HOOK, run=run)
        for callback in (yielded if isinstance(yielded, list) else ())
        if _is_callback(callback, state)
    ]


def guarded(callback: keras.callbacks.Callback, state: PluginState) -> keras.callbacks.Callback:
    """The same callback, of which no exception gets out.

    Only methods that it overrides are wrapped: Keras leaves the others out of its loop.
    """
    calls = [name for name in _METHODS if _overrides(callback, name)]

    def stop(error: Exception, name: str) -> None:
        for call in calls:
            setattr(callback, call, _nothing)
        host().leave_out(state, error, f"{type(callback).__name__}.{name}")

    for name in calls:
        setattr(callback, name, _caught(getattr(callback, name), name, stop))
    return callback


def _caught(
    method: Callable[..., None], name: str, stop: Callable[[Exception, str], None]
) -> Callable[..., None]:
    @functools.wraps(method)
    def call(*arguments: Any, **named: Any) -> None:
        try:
            method(*arguments, **named)
        except Exception as error:
            stop(error, name)

    return call


def _overrides(callback: keras.callbacks.Callback, name: str) -> bool:
    return getattr(type(callback), name) is not getattr(keras.callbacks.Callback, name)


def _is_callback(found: Any, state: PluginState) -> bool:
    if isinstance(found, keras.callbacks.Callback):
        return True
    error = TypeError(f"{_HOOK} must yield Keras callbacks. Received: {type(found).__name__}")
    host().leave_out(state, error, _HOOK)
    return False


def _nothing(*_: Any, **__: Any) -> None:
    """In the place of a method of a callback that has raised."""

"""What the layers of a model compute, as they are called."""

import contextlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import keras


class Call(NamedTuple):
    """One call of one layer.

    Args:
        layer: The layer.
        arguments: What it was called with: tensors, by position first.
        outputs: What it returned.
    """

    layer: keras.layers.Layer
    arguments: tuple[Any, ...]
    outputs: Any


@contextlib.contextmanager
def recorded_calls() -> Iterator[list[Call]]:
    """Notes every call of every layer made inside, inner ones before those around them.

    Works in eager code and while a function is traced (the notes then hold that trace's tensors).
    For that time `keras.layers.Layer.__call__` is replaced: nothing else should call layers then.
    """
    calls: list[Call] = []
    plain = keras.layers.Layer.__call__

    def call(self: keras.layers.Layer, *args: Any, **kwargs: Any) -> Any:
        outputs = plain(self, *args, **kwargs)
        calls.append(Call(self, (*args, *kwargs.values()), outputs))
        return outputs

    keras.layers.Layer.__call__ = call
    try:
        yield calls
    finally:
        keras.layers.Layer.__call__ = plain


def named(calls: list[Call]) -> list[tuple[str, Call]]:
    """Calls with the paths of their layers; a second call of a layer is `path (2)`."""
    times: dict[str, int] = {}
    pairs = []
    for call in calls:
        path = getattr(call.layer, "path", None) or call.layer.name
        times[path] = times.get(path, 0) + 1
        pairs.append((path if times[path] == 1 else f"{path} ({times[path]})", call))
    return pairs

"""A layer listened to, and its output shifted, while a model runs."""

import contextlib
from collections.abc import Iterator
from typing import Any

import keras
from keras import ops

from kerasdl.errors import UserError
from kerasdl.inside.inner import inner_layers
from kerasdl.layers.origin import Origin

_SQUASHING = (keras.activations.softmax, keras.activations.sigmoid)
_PASSING = (Origin, keras.layers.Dropout, keras.layers.Identity)
_MISSING = object()


class Tap:
    """What a layer gave since it is tapped; where an offset is set, that is added to it."""

    def __init__(self, layer: keras.layers.Layer) -> None:
        self.layer = layer
        self.given: list[Any] = []
        self.offset: keras.Variable | None = None
        self._call = layer.call

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The layer's `call`, heard."""
        output = self._call(*args, **kwargs)
        self.given.append(output)
        return output if self.offset is None else ops.add(output, self.offset.value)

    def take(self) -> Any:
        """The one output since the last time.

        Raises:
            UserError: If there were none, or several.
        """
        given, self.given = self.given, []
        if len(given) != 1:
            raise UserError(
                "`layer` must be one that the model calls once. "
                f"Received: {self.layer.name!r}, called {len(given)} times"
            )
        return given[0]


@contextlib.contextmanager
def tapped(layer: keras.layers.Layer) -> Iterator[Tap]:
    """Taps a layer inside a `with`; the layer is as it was afterwards.

    The layer may stand anywhere, in a model inside and with connections around it: the model is
    not cut in two.
    """
    tap = Tap(layer)
    with swapped(layer, "call", tap):
        yield tap


@contextlib.contextmanager
def unsquashed(model: keras.Model) -> Iterator[None]:
    """Leaves out the softmax or sigmoid that ends a model, inside a `with`."""
    ends = (layer for layer in reversed(inner_layers(model)) if not isinstance(layer, _PASSING))
    last = next(ends, None)
    if isinstance(last, keras.layers.Softmax):
        with swapped(last, "call", lambda inputs, *_, **__: inputs):
            yield
    elif getattr(last, "activation", None) in _SQUASHING:
        with swapped(last, "activation", keras.activations.linear):
            yield
    else:
        yield


@contextlib.contextmanager
def swapped(layer: Any, name: str, value: Any) -> Iterator[None]:
    """Gives a layer another attribute inside a `with`."""
    own = vars(layer).get(name, _MISSING)
    setattr(layer, name, value)
    try:
        yield
    finally:
        if own is _MISSING:
            delattr(layer, name)
        else:
            setattr(layer, name, own)

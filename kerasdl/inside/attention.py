"""Where a model looks: the weights of its attentions."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np

from kerasdl.errors import UserError
from kerasdl.inside._tap import swapped
from kerasdl.inside.inner import inner_layers
from kerasdl.layers import (
    AdditiveAttention,
    AttentionDecoder,
    HardImageAttention,
    LuongAttention,
    MultiHeadAttention,
    MultiHeadCrossAttention,
    SoftImageAttention,
)

_IMAGES = (SoftImageAttention, HardImageAttention)
_KINDS = {
    "self": (MultiHeadAttention,),
    "source": (
        MultiHeadCrossAttention,
        AttentionDecoder,
        AdditiveAttention,
        LuongAttention,
        *_IMAGES,
    ),
}


def attention_weights(
    model: keras.Model, inputs: Any, over: str = "source"
) -> dict[str, np.ndarray]:
    """The weights of each attention of a model, for some inputs.

    Shapes: `B` batch, `N` heads, `T` queries, `S` places looked at. `(B, N, T, S)` of attentions
    with heads, `(B, T, S)` of others; the regions of an image in one axis.

    Args:
        model: A functional model of kerasdl's layers.
        inputs: What it takes.
        over: `"source"` for those that look at another sequence or an image, `"self"` for those
            that look at their own.

    Returns:
        Weights by the layer's name, in the order the layers ran; empty for a model without.

    Raises:
        UserError: If `over` is neither.

    Example:
        >>> layer = MultiHeadAttention(num_heads=2, name="look")
        >>> model = keras.Sequential([keras.Input((5, 8)), layer])
        >>> attention_weights(model, np.ones((1, 5, 8), "float32"), over="self")["look"].shape
        (1, 2, 5, 5)
    """
    if over not in _KINDS:
        raise UserError(f"`over` must be one of {', '.join(_KINDS)}. Received: over={over!r}")
    seen: dict[str, np.ndarray] = {}
    with contextlib.ExitStack() as stack:
        for layer, name in _attentions(model, _KINDS[over]):
            stack.enter_context(swapped(layer, "call", _recording(layer, name, seen)))
        model(_as_tensors(inputs), training=False)
    return seen


def _as_tensors(inputs: Any) -> Any:
    return keras.tree.map_structure(keras.ops.convert_to_tensor, inputs)


def _recording(layer: keras.layers.Layer, name: str, seen: dict[str, np.ndarray]) -> Callable:
    own = layer.call

    def call(*args: Any, **kwargs: Any) -> Any:
        asked = kwargs.pop("return_weights", False)
        *outputs, weights = own(*args, return_weights=True, **kwargs)
        array = np.asarray(keras.ops.convert_to_numpy(weights), "float32")
        if isinstance(layer, _IMAGES) and array.ndim == 4:
            array = array.reshape(*array.shape[:2], -1)
        seen[name] = array
        if asked:
            return (*outputs, weights)
        return outputs[0] if len(outputs) == 1 else tuple(outputs)

    return call


def _attentions(
    model: keras.Model, kinds: tuple[type, ...]
) -> Iterator[tuple[keras.layers.Layer, str]]:
    """The outermost attentions: what one has inside may run in a loop that hides its values."""
    for layer in inner_layers(model):
        yield from _within(layer, kinds, layer.name)


def _within(
    layer: keras.layers.Layer, kinds: tuple[type, ...], path: str
) -> Iterator[tuple[keras.layers.Layer, str]]:
    if isinstance(layer, kinds):
        yield layer, path
        return
    for value in vars(layer).values():
        for entry in value if isinstance(value, list | tuple) else (value,):
            if isinstance(entry, keras.layers.Layer) and entry is not layer:
                yield from _within(entry, kinds, f"{path}/{entry.name}")

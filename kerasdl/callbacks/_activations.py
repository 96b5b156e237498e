"""Which units of a layer's activation are dead, and how much of it is saturated."""

import math
from typing import Any

import keras
from keras import ops

_ZERO_WHEN_OFF = {"relu": 0.0, "relu6": 0.0, "squareplus": 1e-3, "softplus": 1e-3}
_ZERO_WHEN_OFF |= dict.fromkeys(("gelu", "silu", "swish", "mish", "hard_silu", "hard_swish"), 1e-3)
_BOUNDS = {
    "sigmoid": (0.0, 1.0),
    "hard_sigmoid": (0.0, 1.0),
    "tanh": (-1.0, 1.0),
    "hard_tanh": (-1.0, 1.0),
    "soft_sign": (-1.0, 1.0),
    "softsign": (-1.0, 1.0),
}


def activation_name(layer: keras.layers.Layer) -> str | None:
    """The name of the activation whose values a layer's output is, if it is of a known kind."""
    if isinstance(layer, keras.layers.RNN) or hasattr(layer, "state_size"):
        return None  # the activation is inside, or a cell's, whose outputs are those of a step
    if isinstance(layer, keras.layers.ReLU):
        plain = not layer.negative_slope and not layer.threshold
        return "relu" if plain else None
    name = getattr(getattr(layer, "activation", None), "__name__", None)
    return name if name in _ZERO_WHEN_OFF or name in _BOUNDS else None


def unit_figures(layer: keras.layers.Layer, outputs: Any, margin: float) -> Any:
    """`(2,)`: the share of dead units and the share of saturated outputs.

    Dead is a unit whose output is zero for every example and position (for smooth relatives of
    ReLU: below 1e-3 in size), or lies within `margin` of one and the same bound throughout.
    Saturated is an output within `margin` of a bound.
    """
    name = activation_name(layer)
    first = getattr(layer, "data_format", None) == "channels_first" and len(outputs.shape) > 2
    units = 1 if first else len(outputs.shape) - 1
    others = [axis for axis in range(len(outputs.shape)) if axis != units]
    outputs = ops.cast(outputs, "float32")
    if name in _ZERO_WHEN_OFF:
        largest = ops.max(ops.abs(outputs), axis=others)
        dead = ops.less_equal(largest, _ZERO_WHEN_OFF[name])
        return ops.stack([_share(dead), ops.zeros(())])
    low, high = _BOUNDS[name]
    from_middle = (outputs - (low + high) / 2) / ((high - low) / 2)
    at_high = ops.greater(from_middle, 1.0 - margin)
    at_low = ops.less(from_middle, margin - 1.0)
    dead = ops.logical_or(ops.all(at_high, axis=others), ops.all(at_low, axis=others))
    return ops.stack([_share(dead), _share(ops.logical_or(at_high, at_low))])


def unit_count(layer: keras.layers.Layer, outputs: Any) -> int:
    """How many units a layer has: the size of the features' axis."""
    first = getattr(layer, "data_format", None) == "channels_first" and len(outputs.shape) > 2
    return math.prod(outputs.shape[1:2] if first else outputs.shape[-1:])


def _share(condition: Any) -> Any:
    return ops.mean(ops.cast(condition, "float32"))

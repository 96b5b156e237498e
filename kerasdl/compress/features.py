"""What is known of the last axis of a tensor, and how layers without units pass it on."""

from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np

from kerasdl.compress.graph import Node
from kerasdl.layers.noise_on_inputs import NoiseOnInputs
from kerasdl.layers.origin import Origin
from kerasdl.regularizers.elimination_constraint import EliminationConstraint
from kerasdl.regularizers.weight_elimination import WeightElimination

_LAYERS = keras.layers
_SAME = (
    _LAYERS.Identity,
    _LAYERS.Dropout,
    _LAYERS.SpatialDropout1D,
    _LAYERS.SpatialDropout2D,
    _LAYERS.SpatialDropout3D,
    _LAYERS.AlphaDropout,
    _LAYERS.GaussianDropout,
    _LAYERS.GaussianNoise,
    _LAYERS.ActivityRegularization,
    NoiseOnInputs,
    Origin,
)
_POOLING = tuple(
    getattr(_LAYERS, f"{kind}Pooling{size}D")
    for kind in ("Max", "Average", "GlobalMax", "GlobalAverage")
    for size in (1, 2, 3)
)
_CROPPING = (_LAYERS.Cropping1D, _LAYERS.Cropping2D, _LAYERS.Cropping3D)
_UPSAMPLING = (_LAYERS.UpSampling1D, _LAYERS.UpSampling2D, _LAYERS.UpSampling3D)
_PADDING = (_LAYERS.ZeroPadding1D, _LAYERS.ZeroPadding2D, _LAYERS.ZeroPadding3D)
_ACTIVATIONS = (_LAYERS.Activation, _LAYERS.ReLU, _LAYERS.LeakyReLU, _LAYERS.ELU)
KNOWN = (
    *(*_SAME, *_POOLING, *_CROPPING, *_UPSAMPLING, *_PADDING, *_ACTIVATIONS),
    *(_LAYERS.Flatten, _LAYERS.BatchNormalization),
)
"""Classes that treat each entry of the last axis by itself."""
_ANY_SHAPE = (
    *(keras.regularizers.L1, keras.regularizers.L2, keras.regularizers.L1L2),
    *(keras.regularizers.OrthogonalRegularizer, WeightElimination),
    *(keras.constraints.MaxNorm, keras.constraints.NonNeg, keras.constraints.UnitNorm),
    *(keras.constraints.MinMaxNorm, EliminationConstraint),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Features:
    """The entries of a last axis.

    Args:
        source: Name of the layer whose units they are.
        unit: For each entry, which unit.
        constant: For each entry, its value where that is the same for every input and place,
            else NaN.
    """

    source: str
    unit: np.ndarray
    constant: np.ndarray


def passes_features(node: Node) -> bool:
    """Whether the layer treats each entry of the last axis by itself, in a way known here."""
    layer, kind = node.layer, type(node.layer)
    if kind not in KNOWN or node.calls != 1 or not node.plain:
        return False
    if getattr(layer, "data_format", "channels_last") != "channels_last":
        return False
    if kind is _LAYERS.BatchNormalization:
        last = layer.axis in (-1, len(node.input_shape) - 1)
        return last and not shape_bound(layer, ("gamma", "beta"))
    if kind is _LAYERS.Activation:
        return is_elementwise(layer.activation)
    return kind is not _LAYERS.Flatten or None not in node.input_shape[1:]


def pass_features(node: Node, features: Features) -> Features:
    """What the layer of `node` makes of `features`."""
    kind = type(node.layer)
    if kind is _LAYERS.BatchNormalization:
        return replace(features, constant=_normalized(node.layer, features.constant))
    if kind in _ACTIVATIONS:
        # not by calling the layer, which would note a penalty on its output
        return replace(features, constant=apply_to_constants(node.layer.call, features.constant))
    if kind in _PADDING:
        # zeros at the edge differ from any other constant
        return replace(features, constant=np.where(features.constant == 0, 0.0, np.nan))
    if kind is _LAYERS.Flatten:
        places = int(np.prod(node.input_shape[1:-1], dtype=int))
        return replace(
            features,
            unit=np.tile(features.unit, places),
            constant=np.tile(features.constant, places),
        )
    return features


def is_elementwise(function: Any) -> bool:
    """Whether `f(x)` at an entry depends on that entry alone; tried out on numbers."""
    scales = np.array([[0.1], [1.0], [3.0]])
    x = (scales * np.random.default_rng(0).normal(size=(3, 6))).astype("float32")
    chosen = [4, 1, 3]
    try:
        whole, part = (
            keras.ops.convert_to_numpy(function(keras.ops.convert_to_tensor(value)))
            for value in (x, x[:, chosen])
        )
    except Exception:  # an activation that fails on plain numbers is not one we can follow
        return False
    return whole.shape == x.shape and np.allclose(whole[:, chosen], part, atol=1e-6)


def apply_to_constants(function: Any, constants: np.ndarray) -> np.ndarray:
    """`function` of each entry that is a constant; NaN stays NaN."""
    known = np.nan_to_num(constants, nan=0.0).astype("float32")
    values = keras.ops.convert_to_numpy(function(keras.ops.convert_to_tensor(known[None])))
    return np.where(np.isnan(constants), np.nan, values[0].astype("float64"))


def _normalized(layer: Any, constants: np.ndarray) -> np.ndarray:
    mean, variance = (to_float64(v) for v in (layer.moving_mean, layer.moving_variance))
    factor = 1 / np.sqrt(variance + layer.epsilon)
    if layer.scale:
        factor = factor * to_float64(layer.gamma)
    shifted = (constants - mean) * factor
    # an entry scaled by 0 is constant, whatever comes in
    shifted = np.where(factor == 0, 0.0, shifted)
    return shifted + to_float64(layer.beta) if layer.center else shifted


def shape_bound(layer: Any, weights: tuple[str, ...]) -> str:
    """The regularizer or constraint of the weights that may depend on their shape, if any."""
    for name in (
        f"{weight}_{kind}" for weight in weights for kind in ("regularizer", "constraint")
    ):
        value = getattr(layer, name)
        if value is not None and type(value) not in _ANY_SHAPE:
            return f"the {name} {type(value).__name__}"
    return ""


def to_float64(variable: Any) -> np.ndarray:
    """The value of a variable."""
    return keras.ops.convert_to_numpy(variable).astype("float64")

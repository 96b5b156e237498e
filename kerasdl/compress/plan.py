"""Which units of a model can go, and why others cannot."""

from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np

from kerasdl.compress import features as rules
from kerasdl.compress.features import Features, to_float64
from kerasdl.compress.graph import Node, is_functional, read_graph
from kerasdl.errors import UserError

_LAYERS = keras.layers
_WITH_UNITS = (_LAYERS.Dense, _LAYERS.Conv1D, _LAYERS.Conv2D, _LAYERS.Conv3D)
_MERGES = (
    *(_LAYERS.Add, _LAYERS.Subtract, _LAYERS.Multiply, _LAYERS.Average),
    *(_LAYERS.Maximum, _LAYERS.Minimum, _LAYERS.Concatenate, _LAYERS.Dot),
)


_NOT_PLAIN = "is called with arguments beside its input, such as training=True"


@dataclass(slots=True, kw_only=True)
class Units:
    """A layer with units: its weights, what it reads, and which of its units stay.

    Args:
        node: The layer in the graph.
        kernel: `(..., inputs, units)`, with zeros in place of what is below the threshold.
        bias: `(units,)`.
        read: The features of its input, if they are units of another layer.
        features: The features of its output.
        needed: For each unit, whether it stays.
    """

    node: Node
    kernel: np.ndarray
    bias: np.ndarray
    read: Features | None
    features: Features
    needed: np.ndarray

    @property
    def folds(self) -> bool:
        """Whether a constant input adds the same to every place of the output."""
        return self.node.layer.__class__ is _LAYERS.Dense or (
            self.node.layer.padding == "valid" or set(self.kernel.shape[:-2]) == {1}
        )

    def varying_inputs(self) -> np.ndarray:
        """For each input, whether it cannot be folded into the bias."""
        if self.read is None:
            return np.ones(self.kernel.shape[-2], bool)
        constant = self.read.constant
        return np.isnan(constant) if self.folds else ~(constant == 0)

    def folded_bias(self, inputs: np.ndarray) -> np.ndarray:
        """The bias plus what the chosen constant inputs add."""
        if self.read is None or not inputs.any():
            return self.bias
        rows = self.kernel.sum(axis=tuple(range(self.kernel.ndim - 2)))
        return self.bias + np.nan_to_num(self.read.constant)[inputs] @ rows[inputs]


@dataclass(slots=True, kw_only=True)
class Plan:
    """The outcome of the analysis of one model.

    Args:
        units: The layers with units, by name, in the order of the graph.
        slices: For each normalization layer on the way, the features it normalizes.
        nested: Plans of models within the model, by name.
        unsupported: For each layer that stands in the way, why.
    """

    units: dict[str, Units] = field(default_factory=dict)
    slices: dict[str, Features] = field(default_factory=dict)
    nested: dict[str, "Plan"] = field(default_factory=dict)
    unsupported: dict[str, str] = field(default_factory=dict)

    def kept(self, features: Features | None, count: int) -> np.ndarray:
        """For each of `count` entries of a last axis, whether it stays."""
        if features is None:
            return np.ones(count, bool)
        return self.units[features.source].needed[features.unit]

    def reasons(self) -> dict[str, str]:
        """Why layers stand in the way, those of nested models included."""
        inner = {
            f"{name}/{layer}": reason
            for name, plan in self.nested.items()
            for layer, reason in plan.reasons().items()
        }
        return {**self.unsupported, **inner}


def make_plan(model: keras.Model, threshold: float = 0.0) -> Plan:
    """Finds the units whose removal changes no output.

    Two walks through the graph are enough: forward, for what is constant depends on what comes
    before alone; then backward, for what is read depends on what comes after alone.

    Args:
        model: A built functional or sequential model.
        threshold: Weights of at most this size are taken for zero, at least 0.
    """
    if not threshold >= 0:
        raise UserError(f"`threshold` must be at least 0. Received: {threshold=}")
    nodes, outputs = read_graph(model)
    plan = Plan()
    tensors = _forward(nodes, plan, threshold)
    _backward(plan, [tensors.get(name) for name, _ in outputs], _held(nodes, plan, tensors))
    return plan


def _forward(nodes: list[Node], plan: Plan, threshold: float) -> dict[str, Features | None]:
    """The features of each tensor that holds units; fills in `plan`."""
    tensors: dict[str, Features | None] = {}
    for node in nodes:
        reads = [tensors.get(name) for name, _ in node.inputs]
        tensors[node.name] = None
        if type(node.layer) in _WITH_UNITS and not (reason := _layer_reason(node)):
            units = plan.units[node.name] = _units(node, reads[0], threshold)
            tensors[node.name] = units.features
        elif node.layer is not None and rules.passes_features(node):
            if reads[0] is not None:
                tensors[node.name] = rules.pass_features(node, reads[0])
                if type(node.layer) is _LAYERS.BatchNormalization:
                    plan.slices[node.name] = reads[0]
        elif node.calls == 1 and node.plain and (nested := _nested(node.layer, threshold)):
            plan.nested[node.name] = nested
        elif type(node.layer) in _WITH_UNITS:
            plan.unsupported[node.name] = reason
        elif getattr(node.layer, "trainable_variables", None) and not _is_source(node.layer):
            plan.unsupported[node.name] = _reason(node)
    return tensors


def _nested(layer: Any, threshold: float) -> Plan | None:
    """The plan of a model within the model, if it has layers with units."""
    if not is_functional(layer):
        return None
    plan = make_plan(layer, threshold)
    return plan if plan.units or plan.nested or plan.unsupported else None


def _units(node: Node, read: Features | None, threshold: float) -> Units:
    kernel = to_float64(node.layer.kernel)
    kernel = np.where(np.abs(kernel) <= threshold, 0.0, kernel)
    count = kernel.shape[-1]
    bias = to_float64(node.layer.bias) if node.layer.use_bias else np.zeros(count)
    nothing = Features(source=node.name, unit=np.arange(count), constant=np.full(count, np.nan))
    units = Units(
        node=node,
        kernel=kernel,
        bias=bias,
        read=read,
        features=nothing,
        needed=np.zeros(count, bool),
    )
    varying = units.varying_inputs()
    silent = (kernel[..., varying, :] == 0).all(axis=tuple(range(kernel.ndim - 1)))
    if not _mixes(node.layer):
        constant = np.where(silent, units.folded_bias(~varying), np.nan)
        constant = rules.apply_to_constants(node.layer.activation, constant)
        units.features = Features(source=node.name, unit=np.arange(count), constant=constant)
    return units


def _held(nodes: list[Node], plan: Plan, tensors: dict[str, Features | None]) -> list[Features]:
    """Features that must stay, as what reads them is not understood; notes why.

    Where nothing with weights comes after, they are outputs in effect, and nothing is noted.
    """
    inner = _read_by_weights(nodes, plan)
    held = []
    for node in nodes:
        if node.name in plan.units and _mixes(node.layer):
            held.append(tensors[node.name])
            if node.name in inner:
                plan.unsupported[node.name] = "has an activation that mixes its units"
        elif tensors[node.name] is None:
            features = [entry for name, _ in node.inputs if (entry := tensors.get(name))]
            held.extend(features)
            if features and (node.name in inner or _has_weights(node, plan)):
                plan.unsupported.setdefault(node.name, _reason(node))
    return held


def _mixes(layer: Any) -> bool:
    return not rules.is_elementwise(layer.activation)


def _has_weights(node: Node, plan: Plan) -> bool:
    within = node.name in plan.units or node.name in plan.nested
    return within or bool(getattr(node.layer, "trainable_variables", None))


def _read_by_weights(nodes: list[Node], plan: Plan) -> set[str]:
    """Names of the nodes that a layer with weights reads, if through others."""
    inner: set[str] = set()
    for node in reversed(nodes):
        if node.name in inner or _has_weights(node, plan):
            inner.update(name for name, _ in node.inputs)
    return inner


def _backward(plan: Plan, outputs: list[Features | None], held: list[Features]) -> None:
    for features in (*outputs, *held):
        if features is not None:
            plan.units[features.source].needed[features.unit] = True
    for units in reversed(plan.units.values()):
        if not units.needed.any():
            # no layer has zero units; a constant one asks for nothing itself
            units.needed[np.argmax(~np.isnan(units.features.constant))] = True
        if units.read is None:
            continue
        read = (units.kernel[..., units.needed] != 0).any(axis=-1)
        read = read.any(axis=tuple(range(read.ndim - 1))) & units.varying_inputs()
        plan.units[units.read.source].needed[units.read.unit[read]] = True


def _is_source(layer: Any) -> bool:
    """Whether a layer is kept whole without being in the way of others."""
    return type(layer) in (_LAYERS.Embedding, _LAYERS.BatchNormalization)


def _layer_reason(node: Node) -> str:
    """Why a dense or convolutional layer cannot be changed; empty if it can."""
    layer = node.layer
    if node.calls != 1:
        return f"is shared: it is called {node.calls} times"
    if getattr(layer, "data_format", "channels_last") != "channels_last":
        return "has its channels first; only channels_last is supported"
    if getattr(layer, "groups", 1) != 1:
        return f"is a convolution in {layer.groups} groups"
    if layer.quantization_mode or getattr(layer, "lora_enabled", False):
        return "is quantized or has LoRA weights"
    if not node.plain:
        return _NOT_PLAIN
    bound = rules.shape_bound(layer, ("kernel", "bias"))
    return f"has {bound}, which may depend on its shape" if bound else ""


def _reason(node: Node) -> str:
    """Why units cannot be followed through a layer."""
    layer = node.layer
    if node.calls > 1:
        return f"is shared: it is called {node.calls} times"
    if isinstance(layer, _MERGES):
        return f"merges branches ({node.kind})"
    if isinstance(layer, _LAYERS.RNN | _LAYERS.Bidirectional):
        return f"is recurrent ({node.kind})"
    if not node.plain and (is_functional(layer) or type(layer) in rules.KNOWN):
        return _NOT_PLAIN
    if isinstance(layer, keras.Model):
        if is_functional(layer):
            return "is a model within the model, fed by units that could be removed"
        return "is a model whose graph is not known"
    if layer is None:
        return f"is an operation ({node.kind}), not a layer"
    return f"is of a class that is not supported ({node.kind})"

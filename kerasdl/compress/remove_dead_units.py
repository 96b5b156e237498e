"""A physically smaller model with the same outputs."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from kerasdl.compress.features import KNOWN, to_float64
from kerasdl.compress.graph import is_functional
from kerasdl.compress.plan import Plan, Units, make_plan
from kerasdl.errors import UserError


def remove_dead_units(
    model: keras.Model, threshold: float = 0.0, on_unsupported: str = "raise"
) -> keras.Model:
    """Returns a copy of a model without the units that no output depends on.

    A unit goes if its value is the same for every input (all its incoming weights are zero, or a
    normalization scales it by zero), or if nothing that matters reads it (all its outgoing weights
    are zero). What a constant unit gave to the next layer is added to that layer's bias. This is
    followed through the whole graph, so that one unit may take others with it.

    Supported: `Dense`, `Conv1D` to `Conv3D` (channels last, one group), with batch normalization,
    elementwise activations, dropout and noise, pooling, cropping, zero padding, up-sampling and
    `Flatten` between them; several readers of one layer; models within the model, whose inputs and
    outputs stay; layers without trainable weights before the first of these, as preprocessing has
    them, which the copy shares with the given model where they hold state or no weights. Outputs
    keep their size, as do embeddings, and a layer keeps at least one unit. A unit of constant value
    other than zero before a convolution that pads (`"same"`) stays: at the edges its share differs.

    Everything else with trainable weights, and whatever else stands between (merges of branches,
    shared layers, recurrent and attention layers, other normalizations, calls with
    `training=True`) is not supported.

    The given model stays as it is. The copy is not compiled, and its optimizer starts anew.

    Args:
        model: A built functional or sequential model.
        threshold: Weights of at most this size in these layers' kernels are set to zero first.
            Above 0 the outputs are those of the model with these zeros.
        on_unsupported: `"raise"` refuses a model with an unsupported layer and says why; `"keep"`
            leaves such layers, and those that feed them, as wide as they are.

    Raises:
        ValueError: If the model's graph is not known or, with `"raise"`, a layer is unsupported.

    Differs from: pruning that sets weights to zero, after which the model is as large and as slow
        as before.

    Example:
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(9, name="hidden"),
        ...                           keras.layers.Dense(2)])
        >>> kernel, bias = model.get_layer("hidden").get_weights()
        >>> kernel[:, 3:] = 0
        >>> model.get_layer("hidden").set_weights([kernel, bias])
        >>> remove_dead_units(model).get_layer("hidden").units
        3
    """
    if on_unsupported not in ("raise", "keep"):
        raise UserError(f"`on_unsupported` must be 'raise' or 'keep'. Received: {on_unsupported=}")
    plan = make_plan(model, threshold)
    reasons = plan.reasons()
    if reasons and on_unsupported == "raise":
        listed = "; ".join(f"layer {name!r} {reason}" for name, reason in reasons.items())
        raise UserError(
            f"dead units of model {model.name!r} cannot be removed: {listed}. "
            "With on_unsupported='keep' these layers, and those that feed them, stay as they are."
        )
    return _rebuild(model, plan)


def _rebuild(model: keras.Model, plan: Plan) -> keras.Model:
    """The model with smaller layers in it, and their weights."""
    smaller = _clone(model, lambda layer: _copy(layer, plan))
    for old, new in zip(model.layers, smaller.layers, strict=True):
        if new is old or is_functional(old):
            continue
        if old.name in plan.units:
            _fill(new, plan, plan.units[old.name])
        elif old.name in plan.slices:
            _fill_normalization(new, old, plan)
        else:
            new.set_weights(old.get_weights())
    return smaller


def _clone(model: keras.Model, copy: Callable[[Any], Any]) -> keras.Model:
    """The model with each layer in it copied, not compiled."""
    if isinstance(model, keras.Sequential):
        (given,) = model.inputs
        first = keras.Input(batch_shape=given.shape, dtype=given.dtype, name=given.name)
        layers = [first, *map(copy, model.layers)]
        return keras.Sequential(layers, name=model.name, trainable=model.trainable)
    # Keras would compile the clone of a compiled model, and fails at a loss of one's own
    bare = type(model)(model.input, model.output, name=model.name)
    return keras.models.clone_model(bare, clone_function=copy)


def _copy(layer: Any, plan: Plan) -> Any:
    """A layer for the smaller model, without its weights yet."""
    if is_functional(layer):
        return _rebuild(layer, plan.nested.get(layer.name, Plan()))
    if _is_used_again(layer):
        return layer
    config = layer.get_config()
    if layer.name in plan.units:
        units = plan.units[layer.name]
        config["units" if "units" in config else "filters"] = int(units.needed.sum())
        config["kernel_initializer"] = "zeros"  # which `_fill` undoes: random numbers take time
        config["use_bias"] = config["use_bias"] or bool(_bias(plan, units).any())
    return type(layer).from_config(config)


def _is_used_again(layer: Any) -> bool:
    """Whether both models use the layer itself: it may hold what no config tells."""
    if not isinstance(layer, keras.layers.Layer) or hasattr(layer, "adapt"):
        return True
    return type(layer) not in KNOWN and not layer.weights


def _bias(plan: Plan, units: Units) -> np.ndarray:
    """The bias of the smaller layer."""
    removed = ~plan.kept(units.read, units.kernel.shape[-2])
    if units.read is not None:
        removed &= ~np.isnan(units.read.constant)
    return units.folded_bias(removed)[units.needed]


def _fill(new: Any, plan: Plan, units: Units) -> None:
    inputs = plan.kept(units.read, units.kernel.shape[-2])
    new.kernel_initializer = units.node.layer.kernel_initializer
    new.kernel.assign(units.kernel[..., inputs, :][..., units.needed])
    if new.use_bias:
        new.bias.assign(_bias(plan, units))


def _fill_normalization(new: Any, old: Any, plan: Plan) -> None:
    kept = plan.kept(plan.slices[old.name], old.moving_mean.shape[0])
    for source, target in zip(old.weights, new.weights, strict=True):
        value = to_float64(source)
        target.assign(value[kept] if value.shape == kept.shape else value)

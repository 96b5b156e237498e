"""A physically smaller model with the same outputs."""

from typing import Any

import keras
import numpy as np

from kerasdl.compress.features import to_float64
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
    `Flatten` between them; several readers of one layer; models within the model; layers without
    trainable weights before the first of these, as preprocessing has them, which the copy shares
    with the given model. Outputs keep their size, as do embeddings, and a layer keeps at least one
    unit. A unit of constant value other than zero before a convolution that pads (`"same"`)
    stays: at the edges its share differs.

    Everything else with trainable weights, and whatever else stands between (merges of branches,
    shared layers, recurrent and attention layers, other normalizations) is not supported.

    Args:
        model: A built functional or sequential model.
        threshold: Weights of at most this size are set to zero first. Above 0 the outputs are
            those of the model with these zeros.
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
    smaller = keras.models.clone_model(model, clone_function=lambda layer: _copy(layer, plan))
    for old, new in zip(model.layers, smaller.layers, strict=True):
        if new is old or old.name in plan.nested:
            continue
        if old.name in plan.units:
            _fill(new, plan, plan.units[old.name])
        elif old.name in plan.slices:
            _fill_normalization(new, old, plan)
        else:
            new.set_weights(old.get_weights())
    return smaller


def _copy(layer: Any, plan: Plan) -> Any:
    """A layer for the smaller model, without its weights yet."""
    if layer.name in plan.nested:
        return _rebuild(layer, plan.nested[layer.name])
    if layer.name not in plan.slices and layer.name not in plan.units:
        if not layer.trainable_variables and type(layer) is not keras.layers.BatchNormalization:
            return layer  # it may hold what no config tells, such as a vocabulary
        return type(layer).from_config(layer.get_config())
    config = layer.get_config()
    if layer.name in plan.units:
        units = plan.units[layer.name]
        config["units" if "units" in config else "filters"] = int(units.needed.sum())
        config["use_bias"] = config["use_bias"] or bool(_bias(plan, units).any())
    return type(layer).from_config(config)


def _bias(plan: Plan, units: Units) -> np.ndarray:
    """The bias of the smaller layer."""
    removed = ~plan.kept(units.read, units.kernel.shape[-2])
    if units.read is not None:
        removed &= ~np.isnan(units.read.constant)
    return units.folded_bias(removed)[units.needed]


def _fill(new: Any, plan: Plan, units: Units) -> None:
    inputs = plan.kept(units.read, units.kernel.shape[-2])
    new.kernel.assign(units.kernel[..., inputs, :][..., units.needed])
    if new.use_bias:
        new.bias.assign(_bias(plan, units))


def _fill_normalization(new: Any, old: Any, plan: Plan) -> None:
    kept = plan.kept(plan.slices[old.name], old.moving_mean.shape[0])
    for name in ("gamma", "beta", "moving_mean", "moving_variance"):
        if getattr(old, name, None) is not None:
            getattr(new, name).assign(to_float64(getattr(old, name))[kept])

"""The checks of a layer, and its rules on config and saving."""

import tempfile
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras

from kerasdl.testing import (
    checks,
    layer_outputs,
    layer_precision,
    layer_training,
    serialization,
)
from kerasdl.testing.checks import demand
from kerasdl.testing.layer_case import LayerCase, flat
from kerasdl.testing.numerics import assert_close


def check_layer(
    make: Callable[[], keras.layers.Layer],
    inputs: Any,
    *,
    reference: Callable[..., Any] | None = None,
    training: bool = False,
    call_kwargs: Mapping[str, Any] | None = None,
    mask: Any = None,
    trainable: bool = True,
    differentiable: bool = True,
    rtol: float = 1e-5,
    atol: float = 1e-5,
    dtypes: Sequence[str] = ("float32", "mixed_bfloat16", "mixed_float16"),
    output_dtype: str | Sequence[str | None] | None = None,
    no_gradient: Collection[str] = (),
    skip: Collection[str] = (),
    only: Collection[str] | None = None,
) -> None:
    """Runs every rule of `LAYER_CHECKS` on a layer.

    Args:
        make: Returns a new layer, always the same; it must not fix the dtype, so that the
            precision checks can.
        inputs: An array with the batch first: `layer(x)`. A tuple: `layer(a, b)`. A list:
            `layer(a, b)` if `call` requires that many arguments, else `layer([a, b])`. A
            dictionary: `layer(**inputs)` if its names are arguments of `call`.
        reference: `f(weights, *inputs)` with float64 arrays gives the expected output, or a list
            of them. `weights` maps each variable's path, without the layer's own name, to its
            value: `kernel`, `query/kernel`.
        training: Mode in which outputs, reference and gradients are looked at.
        call_kwargs: More arguments of the call; arrays with the batch first are batched too.
        mask: `True` at real steps, `(B, T)`; passed as `mask=`, or by name if a dictionary. The
            layer must give the same whatever stands at the other steps.
        trainable: Whether a training step makes sense.
        differentiable: Whether gradients are meant to be those of the output.
        rtol: Relative tolerance against the reference.
        atol: Absolute tolerance against the reference.
        dtypes: Policies that the layer is meant for.
        output_dtype: Dtype of the floating outputs where it is not the compute dtype; for several
            outputs a list, with `None` for those of the compute dtype.
        no_gradient: Shell-style patterns of paths of trainable variables whose gradient is 0 by
            design, such as an attention's key bias.
        skip: Names of checks left out, or a mapping of names to reasons.
        only: Names of the only checks run.

    Raises:
        AssertionError: At the first rule broken; names check, layer and what reproduces it.
        UserError: If an argument here is wrong.

    Example:
        >>> check_layer(lambda: keras.layers.Dense(3), np.ones((2, 4)),
        ...             reference=lambda w, x: x @ w["kernel"] + w["bias"])
    """
    chosen = checks.selected(LAYER_CHECKS, skip, only)
    case = LayerCase(
        make,
        inputs,
        reference=reference,
        training=training,
        call_kwargs=call_kwargs,
        mask=mask,
        trainable=trainable,
        differentiable=differentiable,
        rtol=rtol,
        atol=atol,
        dtypes=dtypes,
        output_dtype=output_dtype,
        no_gradient=no_gradient,
    )
    checks.run("check_layer", chosen, case)


def registered(case: LayerCase) -> None:
    """The class is registered with Keras under a package of its own.

    Reproduce: keras.saving.get_registered_name(type(make()))
    """
    serialization.demand_registered(case.new())


def arguments_in_config(case: LayerCase) -> None:
    """`get_config` holds every argument of the constructor.

    Reproduce: make().get_config()
    """
    serialization.demand_arguments_in_config(case.new())


def config_round_trip(case: LayerCase) -> None:
    """The config goes through JSON and makes an equal layer.

    Reproduce: layer = make(); type(layer).from_config(layer.get_config()).get_config()
    """
    serialization.demand_round_trip(case.new())


def config_kept_by_build(case: LayerCase) -> None:
    """Building and calling leave the constructor's arguments as they were.

    Reproduce: layer = make(); layer.get_config(); layer(*inputs); layer.get_config()
    """
    if serialization.is_from_keras(type(case.layer)):
        return  # some of Keras's own rewrite `axis`
    before = serialization.plain_config(case.new())
    after = serialization.plain_config(case.layer)
    change = serialization.difference({**before, "name": ""}, {**after, "name": ""})
    demand(not change, f"the config changed: {change}")


def variables_made_by_build(case: LayerCase) -> None:
    """A first real call makes no variables beyond those of a symbolic one.

    Weights made later are not in a functional model when it is saved or counted.

    Reproduce: layer = make(); layer(keras.Input(x.shape[1:])); layer(x); layer.variables
    """
    layer = case.new()
    case.arguments.call(layer, case.arguments.symbolic(), training=case.training)
    before = [variable.path for variable in layer.variables]
    case.arguments.call(layer, case.arguments.tensors(), training=case.training)
    late = sorted({variable.path for variable in layer.variables} - set(before))
    demand(not late, f"made by the call: {', '.join(late)}")


def save_and_load(case: LayerCase) -> None:
    """A model with the layer, saved as `.keras` and loaded, predicts the same.

    Reproduce: model = keras.Model(x, make()(x)); model.save("m.keras");
    keras.saving.load_model("m.keras")
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model.keras"
        case.model.save(file)
        loaded = keras.saving.load_model(file, custom_objects=_known(case))
    _demand_same_outputs(case, loaded, "loaded model")


def clone(case: LayerCase) -> None:
    """A clone of a model with the layer, given its weights, predicts the same.

    Reproduce: keras.models.clone_model(keras.Model(x, make()(x)))
    """
    with keras.saving.custom_object_scope(_known(case)):
        copy = keras.models.clone_model(case.model)
    copy.set_weights(case.model.get_weights())
    _demand_same_outputs(case, copy, "clone")


def _demand_same_outputs(case: LayerCase, model: keras.Model, what: str) -> None:
    demand(
        len(model.variables) == len(case.model.variables),
        f"the {what} has {len(model.variables)} variables, expected {len(case.model.variables)}",
    )
    outputs = flat(model(case.arguments.tensors(), training=False))
    for output, expected in zip(outputs, case.inferred, strict=True):
        assert_close(output, expected, f"output of the {what}", rtol=1e-6, atol=1e-6)


def _known(case: LayerCase) -> dict[str, type]:
    return {type(case.layer).__name__: type(case.layer)}


LAYER_CHECKS = checks.collect(
    registered,
    arguments_in_config,
    config_round_trip,
    config_kept_by_build,
    variables_made_by_build,
    layer_outputs.finite_output,
    layer_outputs.symbolic_matches_eager,
    layer_outputs.matches_reference,
    layer_outputs.compiled_matches_eager,
    layer_outputs.any_batch_size,
    layer_outputs.inference_repeats,
    layer_outputs.samples_independent,
    layer_outputs.mask_respected,
    layer_outputs.mask_passed_on,
    layer_training.every_variable_has_gradient,
    layer_training.gradients,
    layer_training.training_step,
    save_and_load,
    clone,
    layer_precision.mixed_bfloat16,
    layer_precision.mixed_float16,
    layer_precision.float64,
)
"""The rules of a layer, the nearest to the cause first."""

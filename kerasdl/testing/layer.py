"""The checks of a layer."""

import tempfile
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerasdl.backend.gradients import has_float64
from kerasdl.testing import checks, serialization, training
from kerasdl.testing.checks import demand
from kerasdl.testing.gradients import check_gradients
from kerasdl.testing.layer_case import LayerCase, as_model, flat, weights_of
from kerasdl.testing.numerics import (
    TOLERANCES,
    assert_close,
    assert_finite,
    dtype_of,
    is_floating,
    to_numpy,
)
from kerasdl.testing.precision import precision


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


def finite_output(case: LayerCase) -> None:
    """The outputs hold no NaN and no infinity.

    Reproduce: make()(*inputs)
    """
    for output in case.outputs:
        assert_finite(output, "output")


def symbolic_matches_eager(case: LayerCase) -> None:
    """Shapes and dtypes promised for symbolic inputs are those of the real outputs.

    Reproduce: make()(keras.Input(x.shape[1:])).shape, make()(x).shape
    """
    demand(
        len(case.promised) == len(case.outputs),
        f"{len(case.promised)} outputs are promised, {len(case.outputs)} come",
    )
    for promise, output in zip(case.promised, case.outputs, strict=True):
        shape, expected = tuple(output.shape), tuple(promise.shape)
        fits = len(shape) == len(expected) and all(
            b in (None, a) for a, b in zip(shape, expected, strict=True)
        )
        demand(fits, f"the shape promised is {expected}, the real one {shape}")
        _demand_promised_dtype(promise, output)


def matches_reference(case: LayerCase) -> None:
    """The outputs are those of the reference, computed in float64.

    Reproduce: make()(*inputs)
    """
    if case.reference is None:
        return
    inputs = [to_numpy(tensor) for tensor in case.arguments.inputs]
    inputs = [entry.astype("float64") if entry.dtype.kind == "f" else entry for entry in inputs]
    expected = keras.tree.flatten(case.reference(weights_of(case.layer), *inputs))
    demand(
        len(expected) == len(case.outputs),
        f"the reference gives {len(expected)} outputs, the layer {len(case.outputs)}",
    )
    for output, value in zip(case.outputs, expected, strict=True):
        assert_close(output, value, "output against reference", rtol=case.rtol, atol=case.atol)


def compiled_matches_eager(case: LayerCase) -> None:
    """A compiled model with the layer predicts what the layer gives by itself at inference.

    Reproduce: keras.Model(x, make()(x)).predict_on_batch(...)
    """
    model = as_model(case.layer, case.arguments)
    model.compile(jit_compile=training.jit_compile())
    predicted = flat(model.predict_on_batch(case.arguments.tensors()))
    for output, value in zip(predicted, case.inferred, strict=True):
        assert_close(output, value, "compiled output", rtol=1e-4, atol=1e-5)


def inference_repeats(case: LayerCase) -> None:
    """Two calls at inference give the same: nothing is drawn, nothing is updated.

    Reproduce: layer = make(); layer(x, training=False); layer(x, training=False)
    """
    case.inferred  # noqa: B018  # called once before
    before = [to_numpy(variable) for variable in case.layer.variables]
    for one, other in zip(case.inferred, case.run(training=False), strict=True):
        assert_close(other, one, "output of the second call", rtol=0, atol=0)
    for variable, value in zip(case.layer.variables, before, strict=True):
        assert_close(variable, value, f"variable {variable.path} after inference", rtol=0, atol=0)


def any_batch_size(case: LayerCase) -> None:
    """Batches of one and of an odd size give finite outputs of that size, in training too.

    Reproduce: make()(x[:1], training=True)
    """
    _demand_batch(case, case.alone, 1, "at inference")
    odd = 2 * case.arguments.batch_size + 1
    outputs = case.compute(case.layer, case.arguments.batch(odd))
    _demand_batch(case, outputs, odd, "at inference")
    outputs = case.compute(case.layer, case.arguments.batch(1), training=True)
    _demand_batch(case, outputs, 1, "in training")


def samples_independent(case: LayerCase) -> None:
    """At inference a sample's output does not depend on the others in its batch.

    Reproduce: layer = make(); layer(x)[:1], layer(x[:1])
    """
    for one, many, promise in zip(case.alone, case.inferred, case.promised, strict=True):
        if _has_batch_axis(promise):
            first = to_numpy(many)[:1]
            assert_close(one, first, "first sample by itself", rtol=1e-4, atol=1e-5)


def mask_respected(case: LayerCase) -> None:
    """What stands at masked steps does not reach the output.

    Reproduce: make()(x, mask=mask), make()(x_with_other_values_where_mask_is_False, mask=mask)
    """
    if case.mask is None:
        return
    if not isinstance(case.mask, Mapping):
        demand(
            case.new().supports_masking,
            "`supports_masking` is False, so that a mask that comes with the input is dropped",
        )
    masks = [np.asarray(entry, bool) for entry in keras.tree.flatten(case.mask)]
    changed = [_with_other_padding(array, masks) for array in case.arguments.arrays]
    for one, other in zip(case.inferred, case.compute(case.layer, changed), strict=True):
        one, other = to_numpy(one), to_numpy(other)
        for mask in masks:
            if one.shape[: mask.ndim] == mask.shape:
                one, other = one[mask], other[mask]
                break
        assert_close(other, one, "output with other values at masked steps", rtol=1e-5, atol=1e-6)


def mask_passed_on(case: LayerCase) -> None:
    """The mask of the output, if there is one, fits its shape.

    Reproduce: layer = make(); layer.compute_mask(x, mask), layer(x, mask=mask)
    """
    if case.mask is None or isinstance(case.mask, Mapping) or len(case.arguments.inputs) > 1:
        return
    (tensor,) = case.arguments.tensors()[:1]
    masks = case.layer.compute_mask(tensor, keras.ops.convert_to_tensor(case.mask, dtype="bool"))
    for mask, output in zip(flat(masks), case.inferred, strict=False):
        shape, expected = tuple(mask.shape), tuple(output.shape[: len(mask.shape)])
        demand(
            shape == expected,
            f"the output's mask has shape {shape}, the output {tuple(output.shape)}: "
            "`compute_mask` must return None where the masked axis is gone",
        )


def every_variable_has_gradient(case: LayerCase) -> None:
    """Every trainable variable gets a finite gradient that is not zero throughout.

    Reproduce: kerasdl.backend.gradients.value_and_gradients(
    lambda: keras.ops.sum(layer(x) * random), layer.trainable_variables)
    """
    if not (case.trainable and case.differentiable):
        return
    tensors = case.arguments.tensors()
    training.demand_gradients(
        lambda: case.arguments.call(case.layer, tensors, training=True),
        case.layer.trainable_variables,
        case.no_gradient,
    )


def gradients(case: LayerCase) -> None:
    """Gradients of the outputs agree with central differences.

    Reproduce: check_gradients(layer, inputs)
    """
    if not case.differentiable:
        return
    variables = [*case.layer.trainable_variables, *case.arguments.tensors()]
    if not any(map(is_floating, variables)):
        return
    check_gradients(case.layer, case.arguments, training=case.training, samples_per_parameter=3)


def training_step(case: LayerCase) -> None:
    """Compiled steps of training run, stay finite and move the weights.

    Reproduce: model = keras.Model(x, make()(x)); model.compile("sgd", "mse", jit_compile=True);
    model.train_on_batch(...)
    """
    if not case.trainable or not case.layer.trainable_variables:
        return
    layer, _ = case.build()
    model = as_model(layer, case.arguments)
    before = [to_numpy(variable) for variable in model.trainable_variables]
    losses = training.train_on_random_targets(model, case.arguments.tensors(), steps=2)
    assert_finite(losses, "loss")
    for variable in model.trainable_variables:
        assert_finite(variable, f"variable {variable.path} after two steps")
    moved = [
        np.any(to_numpy(variable) != value)
        for variable, value in zip(model.trainable_variables, before, strict=True)
    ]
    demand(any(moved), "no trainable variable changed")


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


def mixed_bfloat16(case: LayerCase) -> None:
    """Under `mixed_bfloat16` outputs are bfloat16, finite and near; variables stay float32.

    Reproduce: keras.config.set_dtype_policy("mixed_bfloat16"); make()(*inputs).dtype
    """
    if "mixed_bfloat16" in case.dtypes:
        _demand_precision(case, "mixed_bfloat16")


def mixed_float16(case: LayerCase) -> None:
    """Under `mixed_float16` outputs are float16, finite and near; variables stay float32.

    Reproduce: keras.config.set_dtype_policy("mixed_float16"); make()(*inputs).dtype
    """
    if "mixed_float16" in case.dtypes:
        _demand_precision(case, "mixed_float16")


def float64(case: LayerCase) -> None:
    """Under `float64`, where the backend has it, outputs are float64 and near those of float32.

    Reproduce: keras.config.set_floatx("float64"); keras.config.set_dtype_policy("float64");
    make()(*inputs).dtype
    """
    if has_float64():
        _demand_precision(case, "float64")


LAYER_CHECKS = checks.collect(
    registered,
    arguments_in_config,
    config_round_trip,
    config_kept_by_build,
    variables_made_by_build,
    finite_output,
    symbolic_matches_eager,
    matches_reference,
    compiled_matches_eager,
    any_batch_size,
    inference_repeats,
    samples_independent,
    mask_respected,
    mask_passed_on,
    every_variable_has_gradient,
    gradients,
    training_step,
    save_and_load,
    clone,
    mixed_bfloat16,
    mixed_float16,
    float64,
)
"""The rules of a layer, the nearest to the cause first."""


def _known(case: LayerCase) -> dict[str, type]:
    return {type(case.layer).__name__: type(case.layer)}


def _has_batch_axis(promise: keras.KerasTensor) -> bool:
    return len(promise.shape) > 0 and promise.shape[0] is None


def _demand_batch(case: LayerCase, outputs: list[Any], size: int, mode: str) -> None:
    for output, promise in zip(outputs, case.promised, strict=True):
        assert_finite(output, f"output for a batch of {size} {mode}")
        if _has_batch_axis(promise):
            rows = output.shape[0] if len(output.shape) else None
            demand(rows == size, f"a batch of {size} {mode} gives {rows} rows")


def _demand_same_outputs(case: LayerCase, model: keras.Model, what: str) -> None:
    demand(
        len(model.variables) == len(case.model.variables),
        f"the {what} has {len(model.variables)} variables, expected {len(case.model.variables)}",
    )
    outputs = flat(model(case.arguments.tensors(), training=False))
    for output, expected in zip(outputs, case.inferred, strict=True):
        assert_close(output, expected, f"output of the {what}", rtol=1e-6, atol=1e-6)


def _with_other_padding(array: np.ndarray, masks: Sequence[np.ndarray]) -> np.ndarray:
    """`array` with its values moved around at the steps that a mask of its shape leaves out."""
    for mask in masks:
        if array is not mask and array.dtype != bool and array.shape[: mask.ndim] == mask.shape:
            changed = array.copy()
            changed[~mask] = np.roll(array[mask], 1, axis=0)[0] + (array.dtype.kind == "f") * 3
            return changed
    return array


def _demand_precision(case: LayerCase, policy: str) -> None:
    with precision(policy):
        layer, promised = case.build()
        for target, source in zip(layer.variables, case.layer.variables, strict=True):
            target.assign(to_numpy(source))
        if policy == "mixed_float16":
            # Not compiled: XLA may keep more than 16 bits between operations, and so hide an
            # overflow; and its CPU code has no float16 attention.
            outputs = flat(case.arguments.call(layer, case.arguments.tensors(), training=False))
        else:
            outputs = case.compute(layer, case.arguments.arrays)
        variables = [entry for entry in layer.variables if is_floating(entry)]
    wanted = [dtype or layer.compute_dtype for dtype in case.output_dtypes(len(outputs))]
    for output, dtype, promise in zip(outputs, wanted, promised, strict=True):
        if is_floating(output):
            demand(dtype_of(output) == dtype, f"the output is {dtype_of(output)}, expected {dtype}")
            assert_finite(output, "output")
        _demand_promised_dtype(promise, output)
    for output, expected in zip(outputs, case.inferred, strict=True):
        if is_floating(output) and case.differentiable:  # thresholds may fall elsewhere
            _demand_near(output, expected, layer.compute_dtype)
    for variable in variables:
        demand(
            variable.dtype == layer.variable_dtype,
            f"variable {variable.path} is {variable.dtype}, expected {layer.variable_dtype}",
        )


def _demand_near(output: Any, expected: Any, dtype: str) -> None:
    """Raises unless the outputs are within the precision's tolerance of the largest."""
    tolerance = max(TOLERANCES[dtype][0], TOLERANCES["float32"][0])
    scale = max(1.0, float(np.max(np.abs(to_numpy(expected)), initial=0.0)))
    assert_close(output, expected, f"output in {dtype}", rtol=tolerance, atol=tolerance * scale)


def _demand_promised_dtype(promise: keras.KerasTensor, output: Any) -> None:
    promised = keras.backend.standardize_dtype(promise.dtype)
    demand(
        dtype_of(output) == promised,
        f"the dtype promised is {promised}, the real one {dtype_of(output)}",
    )

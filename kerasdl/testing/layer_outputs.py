"""Rules on what a layer gives: shapes, dtypes, values, batches, masks."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from kerasdl.testing import training
from kerasdl.testing.checks import demand
from kerasdl.testing.layer_case import LayerCase, as_model, flat, weights_of
from kerasdl.testing.numerics import assert_close, assert_finite, dtype_of, to_numpy


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
        demand_promised_dtype(promise, output)


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


def _has_batch_axis(promise: keras.KerasTensor) -> bool:
    return len(promise.shape) > 0 and promise.shape[0] is None


def _demand_batch(case: LayerCase, outputs: list[Any], size: int, mode: str) -> None:
    for output, promise in zip(outputs, case.promised, strict=True):
        assert_finite(output, f"output for a batch of {size} {mode}")
        if _has_batch_axis(promise):
            rows = output.shape[0] if len(output.shape) else None
            demand(rows == size, f"a batch of {size} {mode} gives {rows} rows")


def _with_other_padding(array: np.ndarray, masks: Sequence[np.ndarray]) -> np.ndarray:
    """`array` with its values moved around at the steps that a mask of its shape leaves out."""
    for mask in masks:
        if array is not mask and array.dtype != bool and array.shape[: mask.ndim] == mask.shape:
            changed = array.copy()
            changed[~mask] = np.roll(array[mask], 1, axis=0)[0] + (array.dtype.kind == "f") * 3
            return changed
    return array


def demand_promised_dtype(promise: keras.KerasTensor, output: Any) -> None:
    """Raises unless a real output has the dtype of the symbolic one."""
    promised = keras.backend.standardize_dtype(promise.dtype)
    demand(
        dtype_of(output) == promised,
        f"the dtype promised is {promised}, the real one {dtype_of(output)}",
    )

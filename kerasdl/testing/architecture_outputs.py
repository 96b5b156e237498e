"""The checks of what an architecture gives out."""

import contextlib
import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np

from kerasdl.backend.compiled_steps import let_compile
from kerasdl.errors import UserError
from kerasdl.testing.architecture_case import ArchitectureCase, call, is_text
from kerasdl.testing.checks import DoesNotApply, demand
from kerasdl.testing.layer_case import flat
from kerasdl.testing.numerics import assert_close, assert_finite, dtype_of, is_floating, to_numpy
from kerasdl.testing.precision import precision

_WRITING = ("language-modelling", "sequence-to-sequence", "captioning")
_ODD_BATCH = 3


def finite_output(case: ArchitectureCase) -> None:
    """Outputs hold no NaN and no infinity, in training neither.

    Reproduce: kerasdl.create_model(name, spec=spec, **config)(batch)
    """
    for output in [*case.outputs, *case.run(case.new(), training=True)]:
        assert_finite(output, "output")


def symbolic_matches_eager(case: ArchitectureCase) -> None:
    """Shapes and dtypes of the symbolic outputs are those of the real ones.

    Reproduce: model.output, model(batch)
    """
    promised = flat(case.model.outputs)
    demand(len(promised) == len(case.outputs), "the number of outputs differs")
    for promise, output in zip(promised, case.outputs, strict=True):
        _demand_promised(promise, output, len(case.arrays[0]))


def _demand_promised(promise: Any, output: Any, samples: int) -> None:
    shape, expected = tuple(output.shape), tuple(promise.shape)
    expected = (samples, *expected[1:]) if expected and expected[0] is None else expected
    fits = len(shape) == len(expected) and all(
        right in (None, left) for left, right in zip(shape, expected, strict=True)
    )
    demand(fits, f"the shape promised is {expected}, the real one {shape}")
    dtype = keras.backend.standardize_dtype(promise.dtype)
    demand(dtype_of(output) == dtype, f"{dtype} promised, {dtype_of(output)} comes")


def all_variables_at_build(case: ArchitectureCase) -> None:
    """Every variable exists once the model is built: calls make none.

    Reproduce: model(batch, training=True), with a look at what it constructs
    """
    model, _ = case.new(), case.arrays  # made before what is counted
    for training in (False, True):
        with _constructed() as made:
            case.run(model, training=training)
        demand(not made, f"a call with training={training} makes variables: {', '.join(made)}")


@contextlib.contextmanager
def _constructed() -> Iterator[list[str]]:
    """Names of the variables that are made meanwhile, whether a layer knows of them or not."""
    made: list[str] = []
    original = keras.Variable.__init__

    def noted(variable: keras.Variable, *args: Any, **kwargs: Any) -> None:
        original(variable, *args, **kwargs)
        made.append(f"{variable.name} {tuple(variable.shape)}")

    keras.Variable.__init__ = noted
    try:
        yield made
    finally:
        keras.Variable.__init__ = original


def batch_of_one(case: ArchitectureCase) -> None:
    """A batch of one gives finite outputs, in training too.

    Reproduce: model(batch[:1], training=True)
    """
    for output in case.alone:
        assert_finite(output, "output for a batch of one at inference")
    for output in case.run(case.new(), rows=slice(0, 1), training=True):
        assert_finite(output, "output for a batch of one in training")


def same_output_twice(case: ArchitectureCase) -> None:
    """At inference the same inputs give the same outputs: nothing is drawn, nothing counted.

    Reproduce: model(batch), model(batch)
    """
    for again, output in zip(case.run(case.model), case.outputs, strict=True):
        assert_close(again, output, "second output", rtol=1e-6, atol=1e-6)


def samples_independent(case: ArchitectureCase) -> None:
    """At inference a sample's output does not depend on the others in its batch.

    Reproduce: model(batch)[:1], model(batch[:1])
    """
    for one, many in zip(case.alone, case.outputs, strict=True):
        assert_close(one, to_numpy(many)[:1], "first sample by itself", rtol=1e-4, atol=1e-5)


def odd_sizes(case: ArchitectureCase) -> None:
    """At odd sizes the outputs are as promised, or a ValueError refuses them when it is built.

    Sides of images and lengths of series grow by an odd number; texts shrink to one token.

    Reproduce: kerasdl.create_model(name, spec=odd_spec)(odd_batch)
    """
    model, arrays = _at_odd_sizes(case)
    for promise, output in zip(flat(model.outputs), flat(call(model, arrays)), strict=True):
        _demand_promised(promise, output, _ODD_BATCH)
        assert_finite(output, "output at an odd size")


def _at_odd_sizes(case: ArchitectureCase) -> tuple[keras.Model, list[np.ndarray]]:
    if any(is_text(symbol) for symbol in case.model.inputs):
        arrays = case.examples(case.model.inputs, _ODD_BATCH)
        pairs = zip(case.model.inputs, arrays, strict=True)
        return case.model, [array[:, :1] if is_text(symbol) else array for symbol, array in pairs]
    if case.spec is None or case.spec.input_shape is None:
        raise DoesNotApply("sizes are odd where a spec says them, and this one says none")
    *sides, channels = case.spec.input_shape
    odd = (*(side and side + 5 + 2 * axis for axis, side in enumerate(sides)), channels)
    if not sides:
        odd = (channels + 5,)
    other = ArchitectureCase(
        case.name, spec=dataclasses.replace(case.spec, input_shape=odd), config=case.fields
    )
    try:
        return other.model, other.examples(other.model.inputs, _ODD_BATCH)
    except UserError as error:
        if isinstance(error.__cause__, ValueError):
            raise DoesNotApply(f"refused: {error}") from None
        raise


def padding_changes_nothing(case: ArchitectureCase) -> None:
    """A text gives the same at its real places with its padding, 0 on the right, and without.

    Holds for integer inputs of any length, such as `kerasdl.building.token_inputs` makes.

    Reproduce: model(tokens), model(tokens[:, :length])
    """
    pairs = list(zip(case.model.inputs, case.arrays, strict=True))
    if not any(is_text(symbol) for symbol, _ in pairs):
        raise DoesNotApply("no input of tokens of any length")
    last = [array[-1:] for _, array in pairs]
    bare = [
        row[:, : _real_steps(row)] if is_text(symbol) else row
        for (symbol, _), row in zip(pairs, last, strict=True)
    ]
    with_padding, without = (case.predict(*arrays) for arrays in (last, bare))
    for padded, one in zip(with_padding, without, strict=True):
        padded = to_numpy(padded)[:, : one.shape[1]]
        assert_close(padded, one, "output with padding", rtol=1e-4, atol=1e-5)


def later_tokens_change_nothing(case: ArchitectureCase) -> None:
    """A model that writes sees no token after the one it stands at.

    Holds for the tasks language-modelling, sequence-to-sequence and captioning, and their last
    input.

    Reproduce: model(tokens)[:, :half], model(tokens with others from half on)[:, :half]
    """
    if case.spec is None or case.spec.task not in _WRITING:
        raise DoesNotApply(f"for the tasks {', '.join(_WRITING)}")
    ids, half = case.ids(case.model.inputs[-1]), case.arrays[-1].shape[1] // 2
    changed = case.arrays[-1].copy()
    changed[:, half:] = changed[:, half:] % max(ids - 1, 1) + 1
    outputs = case.predict(*case.arrays[:-1], changed)
    for after, before in zip(outputs, case.predict(*case.arrays), strict=True):
        after, before = (to_numpy(output)[:, :half] for output in (after, before))
        assert_close(after, before, "output before the change", rtol=1e-5, atol=1e-6)


def compiled_matches_eager(case: ArchitectureCase) -> None:
    """Compiled, the model gives what it gives eagerly, at the second call too.

    On JAX a layer whose `supports_jit` is false fails it: with one of them no step is compiled.

    Reproduce: jax.jit or tf.function of model(batch), against model(batch)
    """
    if keras.backend.backend() == "torch":
        raise DoesNotApply("PyTorch compiles nothing in kerasdl: see another backend")
    holding = ", ".join(layer.name for layer in let_compile(case.model))
    demand(not holding, f"no step of the model is compiled, as `supports_jit` is false: {holding}")
    for _ in range(2):
        predicted = case.model.predict_on_batch(_structured(case.model, case.arrays))
        for compiled, output in zip(flat(predicted), case.outputs, strict=True):
            assert_close(compiled, output, "compiled output", rtol=1e-4, atol=1e-5)


def _structured(model: keras.Model, arrays: Sequence[np.ndarray]) -> Any:
    return keras.tree.pack_sequence_as(model.input, list(arrays))


def mixed_bfloat16(case: ArchitectureCase) -> None:
    """Under `mixed_bfloat16` outputs are finite, variables float32, and layers give bfloat16.

    Reproduce: keras.config.set_dtype_policy("mixed_bfloat16"); kerasdl.create_model(name)(batch)
    """
    with precision("mixed_bfloat16"):
        model = case.new()
        for output in case.run(model):
            assert_finite(output, "output")
        for variable in model.variables:
            if is_floating(variable):
                demand(variable.dtype == "float32", f"variable {variable.path} is {variable.dtype}")
        _demand_narrow(model)


def _demand_narrow(model: keras.Model) -> None:
    """A constant in float64 or float32 would widen all that comes after it, without a word."""
    for operation in getattr(model, "operations", ()):
        given, made = _floats_of(operation, "input"), _floats_of(operation, "output")
        if "bfloat16" not in given or len(given) > 1 or not made - {"bfloat16"}:
            continue
        if _may_widen(operation):
            continue
        wide = ", ".join(sorted(made - {"bfloat16"}))
        raise AssertionError(
            f"{operation.name} gets bfloat16 and gives {wide}; if that is meant, give the layer "
            "dtype='float32' or cast"
        )


def _floats_of(operation: Any, side: str) -> set[str]:
    try:
        tensors = flat(getattr(operation, side))
    except (AttributeError, ValueError):  # called more than once, or never
        return set()
    return {dtype_of(tensor) for tensor in tensors if is_floating(tensor)}


def _may_widen(operation: Any) -> bool:
    if not isinstance(operation, keras.layers.Layer):
        return type(operation).__name__ == "Cast"
    ours = type(operation).__module__.partition(".")[0] in ("keras", "kerasdl")
    return ours or operation.compute_dtype != "bfloat16"


def _real_steps(row: np.ndarray) -> int:
    return int(np.any(row.reshape(row.shape[1], -1), axis=1).sum())

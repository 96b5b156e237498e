"""The checks of an architecture."""

import tempfile
from collections.abc import Callable, Collection, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerasdl.backend.compiled import Compiled
from kerasdl.testing import checks, training
from kerasdl.testing.checks import demand
from kerasdl.testing.layer_case import flat
from kerasdl.testing.numerics import (
    assert_close,
    assert_finite,
    dtype_of,
    is_floating,
    to_numpy,
)
from kerasdl.testing.precision import precision
from kerasdl.testing.seeding import seeded

_BATCH, _UNKNOWN_LENGTH, _STEPS = 4, 8, 100
_WRITING = ("language-modelling", "sequence-to-sequence", "captioning")


class ArchitectureCase:
    """An architecture at one spec and config; the arguments are those of `check_architecture`."""

    def __init__(
        self,
        name: str,
        *,
        spec: Any = None,
        config: Mapping[str, Any] | None = None,
        inputs: Any = None,
        no_gradient: Collection[str] = (),
        learning_rate: float = 0.01,
    ) -> None:
        self.name, self.spec, self.config = name, spec, dict(config or {})
        self.no_gradient, self.learning_rate, self._inputs = (
            tuple(no_gradient),
            learning_rate,
            inputs,
        )

    def describe(self) -> str:
        """The call that makes it."""
        config = "".join(f", {key}={value!r}" for key, value in self.config.items())
        return f"create_model({self.name!r}, spec={self.spec!r}{config})"

    def new(self) -> keras.Model:
        """A fresh model, the same each time."""
        from kerasdl.models import create_model

        spec = {} if self.spec is None else {"spec": self.spec}
        with seeded():
            return create_model(self.name, **spec, **self.config)

    @cached_property
    def model(self) -> keras.Model:
        """The model that checks share; none of them changes it."""
        return self.new()

    @cached_property
    def arrays(self) -> list[np.ndarray]:
        """One batch, flat, in the order of the model's inputs."""
        if self._inputs is not None:
            return [np.asarray(entry) for entry in keras.tree.flatten(self._inputs)]
        generator = np.random.default_rng(0)
        arrays = []
        for entry in self.model.inputs:
            array = example(entry, generator, self.ids(entry), length=self._length(entry))
            arrays.append(right_padded(array) if is_text(entry) else array)
        return arrays

    def ids(self, symbol: keras.KerasTensor) -> int:
        """Size of the vocabulary that an input's integers are from."""
        if self.spec is None:
            return 2
        own = {"previous": self.spec.target_vocab_size, "characters": self.spec.characters}
        return own.get(symbol.name) or self.spec.vocab_size or self.spec.target_vocab_size or 2

    def _length(self, symbol: keras.KerasTensor) -> int:
        """Steps of an input that takes any number: what the spec has room for, up to 8."""
        if self.spec is None:
            return _UNKNOWN_LENGTH
        own = self.spec.target_context if symbol.name == "previous" else self.spec.context
        return min(_UNKNOWN_LENGTH, own or _UNKNOWN_LENGTH)

    def run(self, model: keras.Model, rows: Any = slice(None), training: bool = False) -> list[Any]:
        """The outputs on some samples of the batch, flat."""
        return flat(call(model, [array[rows] for array in self.arrays], training=training))

    @cached_property
    def predict(self) -> Callable[..., list[Any]]:
        """The shared model at inference on arrays given one by one; compiled where that is quick.

        JAX compiles each operation of an eager call by itself, for each shape.
        """
        route = "jax" if keras.backend.backend() == "jax" else "plain"
        return Compiled(
            lambda *arrays: flat(call(self.model, list(arrays))), self.model.variables, route=route
        )

    @cached_property
    def outputs(self) -> list[Any]:
        """The shared model's outputs at inference."""
        return self.run(self.model)

    @cached_property
    def alone(self) -> list[Any]:
        """Those of the first sample by itself."""
        return self.run(self.model, rows=slice(0, 1))


def call(model: keras.Model, arrays: list[np.ndarray], **more: Any) -> Any:
    """The model on arrays given flat, in whatever structure it takes them."""
    tensors = [keras.ops.convert_to_tensor(array) for array in arrays]
    structure = getattr(model, "input", None)
    if structure is None:
        structure = tensors if len(tensors) > 1 else tensors[0]
    return model(keras.tree.pack_sequence_as(structure, tensors), **more)


def check_architecture(
    name: str,
    *,
    spec: Any = None,
    config: Mapping[str, Any] | None = None,
    inputs: Any = None,
    no_gradient: Collection[str] = (),
    learning_rate: float = 0.01,
    skip: Collection[str] = (),
    only: Collection[str] | None = None,
) -> None:
    """Runs every rule of `ARCHITECTURE_CHECKS` on an architecture, at a small size.

    Args:
        name: What `kerasdl.create_model` takes: architecture, variant or alias.
        spec: The spec it is built for; `None` where `config` holds the short forms
            (`input_shape=`, `num_classes=`, ...).
        config: Values of the architecture's config fields, chosen small.
        inputs: One batch; by default random floats, and random ids below the size of the
            vocabulary: that of the target for an input named `previous`, of the characters for
            `characters`. Integer inputs of any length are right-padded with 0, each row more.
        no_gradient: Shell-style patterns of paths of trainable variables whose gradient is 0 by
            design, such as an attention's key bias.
        learning_rate: Rate of the 100 steps of Adam.
        skip: Names of checks left out, or a mapping of names to reasons.
        only: Names of the only checks run.

    Raises:
        AssertionError: At the first rule broken; names check, architecture and what reproduces it.
        UserError: If an argument here is wrong.

    Example:
        >>> check_architecture("mlp", config={"input_shape": (4,), "num_classes": 3})
    """
    chosen = checks.selected(ARCHITECTURE_CHECKS, skip, only)
    case = ArchitectureCase(
        name,
        spec=spec,
        config=config,
        inputs=inputs,
        no_gradient=no_gradient,
        learning_rate=learning_rate,
    )
    checks.run("check_architecture", chosen, case)


def builds(case: ArchitectureCase) -> None:
    """The builder returns a built model with trainable variables, the same each time.

    Reproduce: kerasdl.create_model(name, spec=spec, **config)
    """
    demand(case.model.built, "the model is not built")
    demand(case.model.trainable_variables, "the model has no trainable variable")
    shapes = [tuple(entry.shape) for entry in case.model.variables]
    again = [tuple(entry.shape) for entry in case.new().variables]
    demand(shapes == again, "a second build has other variables")


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
        shape, expected = tuple(output.shape), tuple(promise.shape)
        fits = len(shape) == len(expected) and all(
            right in (None, left) for left, right in zip(shape, expected, strict=True)
        )
        demand(fits, f"the shape promised is {expected}, the real one {shape}")
        dtype = keras.backend.standardize_dtype(promise.dtype)
        demand(dtype_of(output) == dtype, f"{dtype} promised, {dtype_of(output)} comes")


def batch_of_one(case: ArchitectureCase) -> None:
    """A batch of one gives finite outputs, in training too.

    Reproduce: model(batch[:1], training=True)
    """
    for output in case.alone:
        assert_finite(output, "output for a batch of one at inference")
    for output in case.run(case.new(), rows=slice(0, 1), training=True):
        assert_finite(output, "output for a batch of one in training")


def samples_independent(case: ArchitectureCase) -> None:
    """At inference a sample's output does not depend on the others in its batch.

    Reproduce: model(batch)[:1], model(batch[:1])
    """
    for one, many in zip(case.alone, case.outputs, strict=True):
        assert_close(one, to_numpy(many)[:1], "first sample by itself", rtol=1e-4, atol=1e-5)


def padding_changes_nothing(case: ArchitectureCase) -> None:
    """A text gives the same at its real places with its padding, 0 on the right, and without.

    Holds for integer inputs of any length, such as `kerasdl.building.token_inputs` makes.

    Reproduce: model(tokens), model(tokens[:, :length])
    """
    pairs = list(zip(case.model.inputs, case.arrays, strict=True))
    if not any(is_text(symbol) for symbol, _ in pairs):
        return
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
        return
    ids, half = case.ids(case.model.inputs[-1]), case.arrays[-1].shape[1] // 2
    changed = case.arrays[-1].copy()
    changed[:, half:] = changed[:, half:] % max(ids - 1, 1) + 1
    outputs = case.predict(*case.arrays[:-1], changed)
    for after, before in zip(outputs, case.predict(*case.arrays), strict=True):
        after, before = (to_numpy(output)[:, :half] for output in (after, before))
        assert_close(after, before, "output before the change", rtol=1e-5, atol=1e-6)


def every_variable_has_gradient(case: ArchitectureCase) -> None:
    """Every trainable variable gets a finite gradient that is not zero throughout.

    Reproduce: kerasdl.backend.gradients.value_and_gradients(
    lambda: keras.ops.sum(model(batch) * random), model.trainable_variables)
    """
    model = case.new()
    case.arrays  # noqa: B018  # made before the function is traced, since that makes a model
    training.demand_gradients(
        lambda: case.run(model, training=True), model.trainable_variables, case.no_gradient
    )


def loss_falls(case: ArchitectureCase) -> None:
    """A hundred compiled steps on one batch lower the loss and keep it finite.

    Medians over the first and the last ten are compared, since dropout makes single ones noisy.

    Reproduce: model.compile("adam", "mse", jit_compile=True); model.train_on_batch(batch, targets),
    100 times
    """
    optimizer = keras.optimizers.Adam(case.learning_rate)
    losses = training.train_on_random_targets(
        case.new(), [keras.ops.convert_to_tensor(array) for array in case.arrays], _STEPS, optimizer
    )
    assert_finite(losses, "losses")
    first, last = np.median(losses[:10]), np.median(losses[-10:])
    demand(last < first, f"the loss went from {first:.6g} to {last:.6g}")


def save_and_load(case: ArchitectureCase) -> None:
    """Saved as `.keras` and loaded by `kerasdl.load_model`, the model predicts the same.

    Reproduce: model.save("m.keras"); kerasdl.load_model("m.keras")
    """
    from kerasdl.models import load_model

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model.keras"
        case.model.save(file)
        loaded = load_model(file)
    _demand_same_outputs(case, loaded, "loaded model")


def clone(case: ArchitectureCase) -> None:
    """A clone, given the weights, predicts the same.

    Reproduce: keras.models.clone_model(model)
    """
    copy = keras.models.clone_model(case.model)
    copy.set_weights(case.model.get_weights())
    _demand_same_outputs(case, copy, "clone")


def mixed_bfloat16(case: ArchitectureCase) -> None:
    """Under `mixed_bfloat16` outputs are finite and variables stay float32.

    Reproduce: keras.config.set_dtype_policy("mixed_bfloat16"); kerasdl.create_model(name)(batch)
    """
    with precision("mixed_bfloat16"):
        model = case.new()
        for output in case.run(model):
            assert_finite(output, "output")
    for variable in model.variables:
        if is_floating(variable):
            demand(variable.dtype == "float32", f"variable {variable.path} is {variable.dtype}")


def _demand_same_outputs(case: ArchitectureCase, model: keras.Model, what: str) -> None:
    for output, expected in zip(case.run(model), case.outputs, strict=True):
        assert_close(output, expected, f"output of the {what}", rtol=1e-6, atol=1e-6)


def example(
    symbol: keras.KerasTensor,
    generator: np.random.Generator,
    ids: int,
    batch_size: int = _BATCH,
    length: int = _UNKNOWN_LENGTH,
) -> np.ndarray:
    """A batch for an input: random floats, or ids from 1; `length` for unknown sizes."""
    shape = (batch_size, *(length if size is None else size for size in symbol.shape[1:]))
    if is_floating(symbol):
        return generator.normal(size=shape).astype(dtype_of(symbol))
    if dtype_of(symbol) == "bool":
        return np.ones(shape, "bool")
    return generator.integers(1, max(2, ids), size=shape).astype(dtype_of(symbol))


def is_text(symbol: keras.KerasTensor) -> bool:
    """Whether an input is of integers, and of any length."""
    shape = symbol.shape
    whole = "int" in keras.backend.standardize_dtype(symbol.dtype)
    return whole and len(shape) > 1 and shape[1] is None


def right_padded(array: np.ndarray) -> np.ndarray:
    """Each row a step shorter than the one before, the first one whole."""
    for row in range(1, len(array)):
        array[row, max(1, array.shape[1] - row) :] = 0
    return array


def _real_steps(row: np.ndarray) -> int:
    return int(np.any(row.reshape(row.shape[1], -1), axis=1).sum())


ARCHITECTURE_CHECKS = checks.collect(
    builds,
    finite_output,
    symbolic_matches_eager,
    batch_of_one,
    samples_independent,
    padding_changes_nothing,
    later_tokens_change_nothing,
    every_variable_has_gradient,
    loss_falls,
    save_and_load,
    clone,
    mixed_bfloat16,
)
"""The rules of an architecture, the nearest to the cause first."""

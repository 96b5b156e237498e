"""The checks of an architecture."""

import tempfile
from collections.abc import Collection, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import keras
import numpy as np

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
        ids = (self.spec and (self.spec.vocab_size or self.spec.target_vocab_size)) or 2
        return [example(entry, generator, ids) for entry in self.model.inputs]

    def run(self, model: keras.Model, rows: Any = slice(None), training: bool = False) -> list[Any]:
        """The outputs on some samples of the batch, flat."""
        return flat(call(model, [array[rows] for array in self.arrays], training=training))

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
        inputs: One batch; by default random floats, and random ids below the vocabulary size.
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
) -> np.ndarray:
    """A batch for an input: random floats, or ids from 1; unknown lengths are 8."""
    shape = (batch_size, *(_UNKNOWN_LENGTH if size is None else size for size in symbol.shape[1:]))
    if is_floating(symbol):
        return generator.normal(size=shape).astype(dtype_of(symbol))
    if dtype_of(symbol) == "bool":
        return np.ones(shape, "bool")
    return generator.integers(1, max(2, ids), size=shape).astype(dtype_of(symbol))


ARCHITECTURE_CHECKS = checks.collect(
    builds,
    finite_output,
    symbolic_matches_eager,
    batch_of_one,
    samples_independent,
    every_variable_has_gradient,
    loss_falls,
    save_and_load,
    clone,
    mixed_bfloat16,
)
"""The rules of an architecture, the nearest to the cause first."""

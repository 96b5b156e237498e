"""What the checks of an architecture look at: its record, one spec and config, one batch."""

from collections.abc import Callable, Collection, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from kerasdl.backend.compiled import Compiled
from kerasdl.plugin import Field, Spec, host
from kerasdl.testing.layer_case import flat
from kerasdl.testing.numerics import dtype_of, is_floating
from kerasdl.testing.over_fit import LEARNED, SAMPLES, by_heart, lesson
from kerasdl.testing.seeding import seeded
from kerasdl.testing.specs import SHORT_FORMS, small_spec

if TYPE_CHECKING:
    from kerasdl.plugin.catalog import Provider

_BATCH, _UNKNOWN_LENGTH = 4, 8
_LARGE = 10**6
"""Weights of a network for which the lower of two learning rates is tried first."""


class ArchitectureCase:
    """An architecture at one spec and config; the arguments are those of `check_architecture`.

    Attributes:
        provider: Record and plugin of the architecture.
    """

    def __init__(
        self,
        name: str,
        *,
        spec: Spec | None = None,
        config: Mapping[str, Any] | None = None,
        inputs: Any = None,
        no_gradient: Collection[str] = (),
        unused: Collection[str] = (),
        learning_rate: float = 0.01,
    ) -> None:
        self.name = name
        self.provider: Provider = host().architecture(name)
        self.no_gradient, self.unused = tuple(no_gradient), tuple(unused)
        self.learning_rate = learning_rate
        self.config = dict(config or {})
        self.given = {key: value for key, value in self.config.items() if key in SHORT_FORMS}
        self.fields = {key: value for key, value in self.config.items() if key not in SHORT_FORMS}
        self._spec, self._inputs = spec, inputs

    @cached_property
    def spec(self) -> Spec | None:
        """The given spec, or a small one of the first task; None where short forms are given."""
        if self._spec is not None or self.given:
            return self._spec
        record = self.provider.record
        return record.small_spec or small_spec(record.tasks[0])

    def describe(self) -> str:
        """The call that makes it."""
        spec = "" if self.spec is None else f", spec={self.spec!r}"
        config = "".join(f", {key}={value!r}" for key, value in self._arguments.items())
        return f"create_model({self.name!r}{spec}{config})"

    @cached_property
    def _arguments(self) -> dict[str, Any]:
        """What is given beside the spec; the record's small values where no field is."""
        return self.config if self.fields else {**self.given, **self.provider.record.small}

    def value(self, field: Field) -> Any:
        """The value that a config field has here."""
        given = {**self.provider.preset, **self._arguments}
        return field.check(given.get(field.name, field.default))

    def new(self, **changes: Any) -> keras.Model:
        """A fresh model, the same each time; `changes` are values of other config fields."""
        from kerasdl.models import create_model

        spec = {} if self.spec is None else {"spec": self.spec}
        with seeded():
            return create_model(self.name, **spec, **{**self._arguments, **changes})

    @cached_property
    def model(self) -> keras.Model:
        """The model that checks share; none of them changes it."""
        return self.new()

    @cached_property
    def arrays(self) -> list[np.ndarray]:
        """One batch, flat, in the order of the model's inputs."""
        if self._inputs is not None:
            return [np.asarray(entry) for entry in keras.tree.flatten(self._inputs)]
        return self.examples(self.model.inputs)

    def examples(self, symbols: Any, batch_size: int = _BATCH) -> list[np.ndarray]:
        """A batch for some inputs; integers of any length are right-padded."""
        generator = np.random.default_rng(0)
        arrays = []
        for entry in symbols:
            length = self._length(entry)
            array = example(entry, generator, self.ids(entry), batch_size, length)
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
    def history(self) -> tuple[list[float], float]:
        """Losses of a model that learns ten samples by heart, and the share of the loss left.

        At a tenth of the learning rate where the rate itself fails, or first if the network is
        large: deep ones without normalization stand no more.
        """
        large = self.model.count_params() > _LARGE
        first, second = sorted((self.learning_rate, self.learning_rate / 10), reverse=not large)
        trial = self._learn(first)
        if trial[1] <= LEARNED:
            return trial
        return min(
            trial, self._learn(second), key=lambda learned: np.nan_to_num(learned[1], nan=np.inf)
        )

    def _learn(self, learning_rate: float) -> tuple[list[float], float]:
        model = self.new()
        inputs = self.examples(model.inputs, SAMPLES)
        task = None if self.spec is None else self.spec.task
        return by_heart(model, lesson(model, inputs, task), learning_rate)

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

"""What the checks of a layer look at: the layer, built and called, and as a model."""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cached_property
from typing import Any

import keras
import numpy as np

from kerasdl.backend.gradients import compiled
from kerasdl.errors import UserError
from kerasdl.testing.arguments import Arguments
from kerasdl.testing.numerics import is_floating, to_numpy
from kerasdl.testing.seeding import seeded


class LayerCase:
    """A layer, its inputs, and what is expected of it; the arguments are those of `check_layer`."""

    def __init__(
        self,
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
    ) -> None:
        self.make, self.reference, self.training = make, reference, training
        self.mask, self.trainable, self.differentiable = mask, trainable, differentiable
        self.rtol, self.atol, self.dtypes = rtol, atol, tuple(dtypes)
        self.output_dtype, self.no_gradient = output_dtype, tuple(no_gradient)
        self.arguments = Arguments(self.new(), inputs, mask, call_kwargs)
        if any(np.all(entry) for entry in keras.tree.flatten(mask) if entry is not None):
            raise UserError("`mask` must leave out a step. Received: a mask that is all True")

    def describe(self) -> str:
        """Class and input shapes."""
        return f"{type(self.new()).__name__} on {self.arguments.shapes()}"

    def new(self) -> keras.layers.Layer:
        """A fresh layer, the same each time."""
        with seeded():
            layer = self.make()
        if not isinstance(layer, keras.layers.Layer):
            raise UserError(f"`make` must return a keras.layers.Layer. Received: {layer!r}")
        return layer

    def build(self) -> tuple[keras.layers.Layer, list[keras.KerasTensor]]:
        """A fresh built layer, its trainable variables moved off their start; symbolic outputs.

        Biases that start at 0 and scales that start at 1 would hide a term left out of the
        formula, and branches that start at 0 would hide a gradient that never arrives.
        """
        with seeded():
            layer = self.new()
            symbols = self.arguments.symbolic()
            promised = self.arguments.call(layer, symbols, training=self.training)
        shift(layer.trainable_variables)
        return layer, flat(promised)

    @cached_property
    def _built(self) -> tuple[keras.layers.Layer, list[keras.KerasTensor]]:
        return self.build()

    @property
    def layer(self) -> keras.layers.Layer:
        """The built layer that checks share; none of them changes it."""
        return self._built[0]

    @property
    def promised(self) -> list[keras.KerasTensor]:
        """What the shared layer gave for symbolic inputs of unknown batch size, flat."""
        return self._built[1]

    @cached_property
    def model(self) -> keras.Model:
        """The shared layer as a functional model."""
        return as_model(self.layer, self.arguments)

    @cached_property
    def outputs(self) -> list[Any]:
        """The shared layer's outputs in the mode asked for, flat."""
        if not self.training:
            return self.inferred
        with keras.StatelessScope():  # which keeps moving averages from moving
            return self.run(training=True)

    @cached_property
    def inferred(self) -> list[Any]:
        """The shared layer's outputs at inference, flat."""
        return self.run(training=False)

    @cached_property
    def alone(self) -> list[Any]:
        """Those of the first sample by itself."""
        return self.compute(self.layer, self.arguments.batch(1))

    def run(self, training: bool) -> list[Any]:
        """The shared layer's outputs, flat, called as anybody calls it."""
        return flat(self.arguments.call(self.layer, self.arguments.tensors(), training=training))

    def output_dtypes(self, count: int) -> list[str | None]:
        """The dtype asked for of each output."""
        if self.output_dtype is None or isinstance(self.output_dtype, str):
            return [self.output_dtype] * count
        return list(self.output_dtype)

    def compute(
        self, layer: keras.layers.Layer, arrays: Sequence[np.ndarray], training: bool = False
    ) -> list[Any]:
        """A layer's outputs on `arrays` from one compiled call that changes no variable, flat."""

        def outputs(*tensors: Any) -> list[Any]:
            with keras.StatelessScope():
                return flat(self.arguments.call(layer, tensors, training=training))

        return compiled(outputs)(*self.arguments.tensors(arrays))


def flat(outputs: Any) -> list[Any]:
    """Nested outputs as a list, without the `None` among them."""
    return [entry for entry in keras.tree.flatten(outputs) if entry is not None]


def as_model(layer: keras.layers.Layer, arguments: Arguments) -> keras.Model:
    """A functional model of the one layer."""
    inputs = arguments.symbolic()
    return keras.Model(inputs, flat(arguments.call(layer, inputs)))


def shift(variables: Sequence[keras.Variable], size: float = 0.1) -> None:
    """Adds fixed random numbers to every floating variable."""
    generator = np.random.default_rng(0)
    for variable in variables:
        if is_floating(variable):
            noise = generator.normal(0.0, size, tuple(variable.shape))
            variable.assign(to_numpy(variable) + noise)


def weights_of(layer: keras.layers.Layer) -> dict[str, np.ndarray]:
    """Every variable by its path without the layer's own name, floats as float64."""
    weights = {}
    for variable in layer.variables:
        value = to_numpy(variable)
        path = variable.path.removeprefix(layer.name + "/")
        weights[path] = value.astype("float64") if value.dtype.kind == "f" else value
    return weights

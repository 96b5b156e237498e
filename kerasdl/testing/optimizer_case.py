"""What the checks of an optimizer look at: its steps on a small problem, eager and compiled."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import keras
import numpy as np

from kerasdl.backend.gradients import value_and_gradients
from kerasdl.errors import UserError
from kerasdl.testing.numerics import to_numpy
from kerasdl.testing.training import count_calls, jit_compile

_BATCH = 4


@dataclass(frozen=True)
class CompiledRun:
    """A few compiled steps of training.

    Args:
        model: The model as the steps left it.
        weights: Its trainable weights then.
        traces: How often the model had been traced after its first step, and after all.
    """

    model: keras.Model
    weights: list[np.ndarray]
    traces: list[int]


class OptimizerCase:
    """An optimizer and problems to set it; the arguments are those of `check_optimizer`.

    The bowl: two arrays, `value = sum(a (w - t)^2 / 2 + sin(2 w) / 4)` with `a` from 0.5 to 2,
    convex where `a` is above 1.
    """

    def __init__(
        self,
        make: Callable[[], keras.optimizers.Optimizer],
        *,
        reference: Callable[..., Sequence[np.ndarray]] | None = None,
        steps: int = 5,
        rtol: float = 1e-5,
        atol: float = 1e-6,
    ) -> None:
        self.make, self.reference, self.steps = make, reference, steps
        self.rtol, self.atol = rtol, atol
        self._curvature = [np.array([0.5, 1.0, 2.0]), np.linspace(0.5, 2.0, 6).reshape(2, 3)]
        self._centre = [np.array([0.3, -0.2, 0.1]), np.full((2, 3), 0.25)]
        self.new()

    def describe(self) -> str:
        """Class."""
        return type(self.new()).__name__

    def new(self) -> keras.optimizers.Optimizer:
        """A fresh optimizer."""
        optimizer = self.make()
        if not isinstance(optimizer, keras.optimizers.Optimizer):
            raise UserError(
                f"`make` must return a keras.optimizers.Optimizer. Received: {optimizer!r}"
            )
        return optimizer

    def variant(self, **changes: Any) -> keras.optimizers.Optimizer | None:
        """The optimizer with other arguments; `None` if its config has not all of them."""
        optimizer = self.new()
        config = optimizer.get_config()
        if not set(changes) <= set(config):
            return None
        return type(optimizer).from_config({**config, **changes})

    def start(self) -> list[np.ndarray]:
        """Where every run on the bowl begins."""
        return [np.array([1.0, -1.5, 0.7]), np.linspace(-1.0, 1.5, 6).reshape(2, 3)]

    def value(self, weights: Sequence[np.ndarray]) -> float:
        """The height of the bowl."""
        terms = zip(self._curvature, weights, self._centre, strict=True)
        return float(sum((a * (w - t) ** 2 / 2 + np.sin(2 * w) / 4).sum() for a, w, t in terms))

    def gradients(self, weights: Sequence[np.ndarray]) -> list[np.ndarray]:
        """The slope of the bowl."""
        terms = zip(self._curvature, weights, self._centre, strict=True)
        with np.errstate(
            invalid="ignore", over="ignore"
        ):  # weights that blew up are reported later
            return [a * (w - t) + np.cos(2 * w) / 2 for a, w, t in terms]

    def variables(self, dtype: str = "float32") -> list[keras.Variable]:
        """Fresh variables at the start."""
        return [
            keras.Variable(value, dtype=dtype, name=f"weights_{number}")
            for number, value in enumerate(self.start())
        ]

    def step(
        self,
        optimizer: keras.optimizers.Optimizer,
        variables: Sequence[keras.Variable],
        change: Callable[[list[np.ndarray]], list[np.ndarray]] = list,
    ) -> None:
        """One step on the bowl, its gradient taken where the variables stand."""
        gradients = change(self.gradients([to_numpy(v).astype("float64") for v in variables]))
        tensors = [
            keras.ops.convert_to_tensor(gradient, dtype=variable.dtype)
            for gradient, variable in zip(gradients, variables, strict=True)
        ]
        optimizer.apply(tensors, variables)

    def trajectory(
        self,
        optimizer: keras.optimizers.Optimizer,
        steps: int = 4,
        change: Callable[[list[np.ndarray]], list[np.ndarray]] = list,
    ) -> list[np.ndarray]:
        """The weights meant after steps on the bowl."""
        variables = self.variables()
        for _ in range(steps):
            self.step(optimizer, variables, change)
        optimizer.finalize_variable_values(variables)
        return [to_numpy(variable) for variable in variables]

    @cached_property
    def compiled(self) -> CompiledRun:
        """Two calls of `fit` on a small model, of one step and of four."""
        model, traces = _model(), []
        counter = count_calls(model.layers[-1])
        model.compile(self.new(), "mse", jit_compile=jit_compile())
        for x, y in _data():
            model.fit(x, y, batch_size=_BATCH, shuffle=False, verbose=0)
            traces.append(counter[0])
        return CompiledRun(model, [to_numpy(entry) for entry in model.trainable_variables], traces)

    def eager(self) -> list[np.ndarray]:
        """The weights after the same steps, made one by one."""
        model, optimizer = _model(), self.new()
        variables = model.trainable_variables
        optimizer.build(variables)
        for x, y in _data():
            for start in range(0, len(x), _BATCH):
                rows = slice(start, start + _BATCH)
                optimizer.apply(_slope(model, x[rows], y[rows]), variables)
            optimizer.finalize_variable_values(variables)
        return [to_numpy(variable) for variable in variables]


def _slope(model: keras.Model, x: np.ndarray, y: np.ndarray) -> list[Any]:
    targets = keras.ops.convert_to_tensor(y)

    def loss() -> Any:
        return keras.ops.mean(keras.ops.square(model(x, training=True) - targets))

    return value_and_gradients(loss, model.trainable_variables)[1]


def _model() -> keras.Model:
    inputs = keras.Input((3,))
    dense = keras.layers.Dense(2, name="dense")
    model = keras.Model(inputs, dense(inputs))
    start = np.random.default_rng(1)
    dense.set_weights([start.normal(size=(3, 2)), start.normal(size=(2,))])
    return model


def _data() -> list[tuple[np.ndarray, np.ndarray]]:
    """One batch, then four."""
    generator = np.random.default_rng(2)
    x, y = generator.normal(size=(5 * _BATCH, 3)), generator.normal(size=(5 * _BATCH, 2))
    x, y = x.astype("float32"), y.astype("float32")
    return [(x[:_BATCH], y[:_BATCH]), (x[_BATCH:], y[_BATCH:])]

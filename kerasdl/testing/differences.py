"""Central differences of a function of variables, entry by entry beside its gradients."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np

from kerasdl.backend.gradients import as_pure, compiled, value_and_gradients
from kerasdl.testing.gradient_report import GradientReport, GradientRow
from kerasdl.testing.numerics import dtype_of, to_numpy
from kerasdl.testing.training import float_outputs, projected, projection

STEPS = {"float64": (1e-5, 1e-5), "float32": (1e-2, 2e-2)}
"""`(epsilon, tolerance)` by dtype where none are given."""

_UNITS = {"float64": 2.0**-53, "float32": 2.0**-24}


def compare(
    function: Callable[[], Any],
    names: Sequence[str],
    variables: Sequence[keras.Variable],
    dtype: str,
    epsilon: float | None = None,
    tolerance: float | None = None,
    samples: int | None = 5,
    parameters: int | None = None,
) -> GradientReport:
    """Checks the gradients of `function()`, which reads `variables`, at their present values."""
    differences = _Differences(function, variables, dtype)
    dtype = differences.dtype
    epsilon = STEPS[dtype][0] if epsilon is None else epsilon
    tolerance = STEPS[dtype][1] if tolerance is None else tolerance
    rows = []
    spacing = max(1, math.ceil(len(names) / (parameters or len(names) or 1)))
    for position, name in list(enumerate(names))[::spacing]:
        analytic = differences.analytic[position]
        entries = _entries(analytic, samples)
        tried = [
            _row(name, analytic, index, differences, position, epsilon, tolerance)
            for index in entries
        ]
        rows.append(max(tried, key=lambda row: row.error))
    return GradientReport(dtype, epsilon, tolerance, tuple(rows))


class _Differences:
    """Central differences of a random projection of a function's outputs.

    The projection is summed in float64, so that only the outputs themselves carry rounding.
    """

    def __init__(
        self, function: Callable[[], Any], variables: Sequence[keras.Variable], dtype: str
    ) -> None:
        self.variables = list(variables)
        self.run = compiled(as_pure(lambda: float_outputs(function()), self.variables))
        self.values = [keras.ops.copy(variable.value) for variable in self.variables]
        outputs = self.run(self.values)
        if not outputs:
            raise AssertionError("there is no floating output to take a gradient of")
        self.weights = projection(outputs)
        self.scale = max(self._sum(outputs, absolute=True), 1e-3)
        self.dtype = "float32" if dtype == "float64" and self._is_rough(outputs) else dtype
        _, gradients = value_and_gradients(
            lambda: projected(float_outputs(function()), self.weights),
            self.variables,
            jit_compile=True,
        )
        self.analytic = [
            np.zeros(tuple(variable.shape)) if gradient is None else to_numpy(gradient)
            for gradient, variable in zip(gradients, self.variables, strict=True)
        ]

    def _sum(self, outputs: Sequence[Any], absolute: bool = False) -> float:
        terms = [
            to_numpy(output).astype("float64") * weight
            for output, weight in zip(outputs, self.weights, strict=True)
        ]
        return float(sum((np.abs(term) if absolute else term).sum() for term in terms))

    def numeric(self, position: int, index: tuple[int, ...], epsilon: float) -> float:
        """The central difference in one entry of one variable."""
        array = to_numpy(self.values[position])
        below, above = array.copy(), array.copy()
        below[index] -= epsilon
        above[index] += epsilon
        rise = self._at(position, above) - self._at(position, below)
        # The step as rounded, which in float32 is not quite 2 epsilon.
        return rise / (float(above[index]) - float(below[index]))

    def _at(self, position: int, array: np.ndarray) -> float:
        values = list(self.values)
        values[position] = keras.ops.convert_to_tensor(array, dtype=self.variables[position].dtype)
        return self._sum(self.run(values))

    def noise(self, epsilon: float) -> float:
        """What rounding can add to a difference."""
        return 8 * _UNITS[self.dtype] * self.scale / epsilon

    def _is_rough(self, outputs: Sequence[Any]) -> bool:
        """Whether a part of the function computes in less than float64.

        Some Keras operations do: on JAX and PyTorch, `ops.tanh` of a float64 tensor is float32.
        Then the third differences of equal small steps are not those of a smooth function.
        """
        if any(dtype_of(output) != "float64" for output in outputs):
            return True
        generator = np.random.default_rng(0)
        ways = [
            keras.ops.convert_to_tensor(
                generator.choice([-1e-5, 1e-5], tuple(value.shape)), value.dtype
            )
            for value in self.values
        ]
        line = [
            self._sum(self.run([v + k * way for v, way in zip(self.values, ways, strict=True)]))
            for k in range(6)
        ]
        return bool(np.max(np.abs(np.diff(line, 3))) > 1e-11 * self.scale)


def _row(
    name: str,
    gradient: np.ndarray,
    index: tuple[int, ...],
    differences: _Differences,
    position: int,
    epsilon: float,
    tolerance: float,
) -> GradientRow:
    analytic = float(gradient[index])
    best = None
    # A shorter step passes where the longer one crosses a kink, such as ReLU's at 0.
    for step in (epsilon, epsilon / 10, epsilon / 100):
        numeric = differences.numeric(position, index, step)
        floor = differences.noise(step) / tolerance
        error = abs(analytic - numeric) / max(abs(analytic), abs(numeric), floor)
        if not np.isfinite(error):
            error = float("inf")
        if best is None or error < best.error:
            best = GradientRow(
                name, gradient.shape, index, analytic, numeric, error, error <= tolerance
            )
        if best.ok:
            break
    return best


def _entries(gradient: np.ndarray, samples: int | None) -> list[tuple[int, ...]]:
    """Indices of the largest entry and of random others."""
    size = gradient.size
    if samples is None or size <= samples:
        chosen = list(range(size))
    else:
        largest = int(np.argmax(np.abs(gradient)))
        others = np.random.default_rng(0).permutation(size)[: samples - 1].tolist()
        chosen = sorted({largest, *others})
    return [
        tuple(int(entry) for entry in np.unravel_index(flat, gradient.shape)) for flat in chosen
    ]

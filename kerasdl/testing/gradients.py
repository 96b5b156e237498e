"""Gradients against central differences."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from kerasdl.backend.gradients import as_pure, compiled, has_float64, value_and_gradients
from kerasdl.errors import UserError
from kerasdl.testing.arguments import Arguments, standard_dtype
from kerasdl.testing.numerics import dtype_of, is_floating, to_numpy
from kerasdl.testing.precision import converted, precision
from kerasdl.testing.serialization import is_from_keras
from kerasdl.testing.training import float_outputs, projected, projection

STEPS = {"float64": (1e-5, 1e-5), "float32": (1e-2, 2e-2)}
"""`(epsilon, tolerance)` by dtype where none are given."""

_UNITS = {"float64": 2.0**-53, "float32": 2.0**-24}


@dataclass(frozen=True, slots=True)
class GradientRow:
    """The worst entry of one parameter.

    Args:
        parameter: The variable's path, or `inputs[i]`.
        shape: Its shape.
        index: Index of the worst entry looked at.
        analytic: The backend's gradient there.
        numeric: The central difference there.
        error: `|analytic - numeric|` over the larger of both, or over what rounding lets the
            difference resolve.
        ok: Whether the error is within the tolerance.
    """

    parameter: str
    shape: tuple[int, ...]
    index: tuple[int, ...]
    analytic: float
    numeric: float
    error: float
    ok: bool

    def __str__(self) -> str:
        return (
            f"{self.parameter} {self.shape} at {self.index}: analytic {self.analytic:.6g}, "
            f"numeric {self.numeric:.6g}, relative error {self.error:.2g}"
        )


@dataclass(frozen=True, slots=True)
class GradientReport:
    """What a gradient check found.

    Args:
        dtype: Narrowest dtype of the computation: float64 unless the backend has none or a part
            of the function narrows it.
        epsilon: Step of the differences.
        tolerance: Largest relative error allowed.
        rows: One per parameter and float input.
    """

    dtype: str
    epsilon: float
    tolerance: float
    rows: tuple[GradientRow, ...]

    @property
    def worst(self) -> GradientRow:
        """The row with the largest error."""
        return max(self.rows, key=lambda row: row.error)

    @property
    def ok(self) -> bool:
        """Whether every row is."""
        return all(row.ok for row in self.rows)


def check_gradients(
    component: Any,
    inputs: Any,
    *,
    epsilon: float | None = None,
    tolerance: float | None = None,
    training: bool = False,
    call_kwargs: dict[str, Any] | None = None,
    mask: Any = None,
    dtype: str | None = None,
    samples_per_parameter: int | None = 5,
) -> GradientReport:
    """Compares gradients with central differences `(f(x + e) - f(x - e)) / 2e`.

    Outputs that are not scalars are summed with fixed random weights. Layers and models are
    copied in float64 where the backend has it (JAX: `JAX_ENABLE_X64` set at start); the given
    component is left as it was. Where a part of the function computes in float32 all the same,
    float32's step and tolerance are used. Draws of random numbers are the same in every
    evaluation, so `training=True` works with dropout.

    Args:
        component: A built layer or model, or a function of tensors.
        inputs: As `check_layer` takes them. Gradients with respect to float inputs are checked
            too.
        epsilon: Step; 1e-5 in float64, 1e-2 in float32 where not given.
        tolerance: Largest relative error; 1e-5 in float64, 2e-2 in float32 where not given.
        training: Mode in which layers and models run.
        call_kwargs: More arguments of the call.
        mask: Passed as `mask=`.
        dtype: `"float64"` or `"float32"` to force one.
        samples_per_parameter: Entries looked at: the one of the largest gradient and random
            others; `None` for all.

    Raises:
        AssertionError: Names the parameter, index, analytic and numeric value of each failure.
        UserError: If float64 is asked for where the backend has none.

    Example:
        >>> report = check_gradients(keras.ops.tanh, np.array([0.0, 1.0]))
        >>> report.ok
        True
    """
    dtype = _chosen_dtype(dtype)
    with precision(dtype):
        names, variables, function = _probe(component, inputs, dtype, training, mask, call_kwargs)
        report = compare(
            function, names, variables, dtype, epsilon, tolerance, samples_per_parameter
        )
    bad = [str(row) for row in report.rows if not row.ok]
    if bad:
        raise AssertionError(
            f"wrong gradients ({report.dtype}, epsilon={report.epsilon:g}, "
            f"tolerance={report.tolerance:g}):\n" + "\n".join(bad)
        )
    return report


def gradcheck_model(
    model: keras.Model,
    x: Any,
    y: Any,
    loss: Any,
    epsilon: float | None = None,
    tolerance: float | None = None,
    samples_per_parameter: int | None = 5,
    parameters: int | None = None,
) -> GradientReport:
    """Compares a model's gradients of `loss(y, model(x))` with central differences.

    The model runs as at inference, in float64 where the backend has it. Penalties of
    regularizers are not part of the value.

    Args:
        model: A built model; it is copied, not changed.
        x: Input array, or list of them.
        y: Target array.
        loss: A Keras loss or its name.
        epsilon: Step; see `check_gradients`.
        tolerance: Largest relative error; see `check_gradients`.
        samples_per_parameter: Entries looked at per parameter; `None` for all.
        parameters: Most trainable variables looked at, evenly chosen; `None` for all.

    Returns:
        A report with a row for each of them, in the model's order, failed or not.
    """
    dtype = _chosen_dtype(None)
    with precision(dtype):
        copy = _copied(model, dtype, lambda layer: layer(tensors(x)))
        measure = _in_present_precision(keras.losses.get(loss))
        inputs, targets = tensors(x), tensors(y)

        def value() -> Any:
            losses = measure(targets, copy(inputs, training=False))
            # Not `ops.mean`, which on JAX takes the mean of float64 numbers in float32.
            return keras.ops.sum(losses) / max(1, math.prod(losses.shape))

        names = [variable.path for variable in model.trainable_variables]
        return compare(
            value,
            names,
            copy.trainable_variables,
            dtype,
            epsilon,
            tolerance,
            samples_per_parameter,
            parameters,
        )


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


def _chosen_dtype(dtype: str | None) -> str:
    if dtype is None:
        return "float64" if has_float64() else "float32"
    if dtype not in STEPS:
        raise UserError(f"`dtype` must be one of {', '.join(STEPS)}. Received: dtype={dtype!r}")
    if dtype == "float64" and not has_float64():
        raise UserError(
            "`dtype` cannot be 'float64': JAX needs JAX_ENABLE_X64=1 set before it starts"
        )
    return dtype


def _probe(
    component: Any, inputs: Any, dtype: str, training: bool, mask: Any, call_kwargs: Any
) -> tuple[list[str], list[keras.Variable], Callable[[], Any]]:
    """Names, variables, and the function of them whose gradients are checked."""
    if isinstance(component, keras.layers.Layer):
        arguments = inputs
        if not isinstance(inputs, Arguments):
            arguments = Arguments(component, inputs, mask, call_kwargs)
        names = [variable.path for variable in component.trainable_variables]
        layer = _copied(component, dtype, lambda copy: arguments.call(copy, arguments.tensors()))
        variables, given = list(layer.trainable_variables), arguments.tensors()

        def call(values: Sequence[Any]) -> Any:
            return arguments.call(layer, values, training=training)

    elif callable(component):
        separate = list(inputs) if isinstance(inputs, list | tuple) else [inputs]
        names, variables, given = [], [], tensors(separate)

        def call(values: Sequence[Any]) -> Any:
            return component(*values, **(call_kwargs or {}))

    else:
        raise UserError(
            "`component` must be a layer, a model or a function. "
            f"Received: {type(component).__name__}"
        )
    floats = [position for position, tensor in enumerate(given) if is_floating(tensor)]
    wrapped = {position: keras.Variable(given[position], dtype=dtype) for position in floats}

    def function() -> Any:
        return call(
            [
                wrapped[position].value if position in wrapped else tensor
                for position, tensor in enumerate(given)
            ]
        )

    names += [f"inputs[{position}]" for position in floats]
    return names, [*variables, *wrapped.values()], function


def _copied(
    layer: keras.layers.Layer, dtype: str, build: Callable[[keras.layers.Layer], Any]
) -> keras.layers.Layer:
    """The layer itself where it computes in `dtype`, else a copy that does."""
    floats = [variable for variable in layer.variables if is_floating(variable)]
    if layer.compute_dtype == dtype and all(variable.dtype == dtype for variable in floats):
        return layer
    copy = converted(layer, dtype)
    if not copy.built or len(copy.variables) != len(layer.variables):
        build(copy)
    for target, source in zip(copy.variables, layer.variables, strict=True):
        target.assign(source.value)
    return copy


def _in_present_precision(loss: Any) -> Any:
    """The loss in the present `floatx`, of which it keeps what it was when made.

    Of Keras's own, one that gives a value a sample.
    """
    if not isinstance(loss, keras.losses.Loss):
        return loss
    config = loss.get_config()
    if is_from_keras(type(loss)) and config.get("reduction") == "sum_over_batch_size":
        config["reduction"] = "none"
    return type(loss).from_config(config)


def tensors(arrays: Any) -> Any:
    """Nested arrays as tensors, floats in `floatx`."""
    return keras.tree.map_structure(
        lambda array: keras.ops.convert_to_tensor(array, dtype=standard_dtype(array)), arrays
    )

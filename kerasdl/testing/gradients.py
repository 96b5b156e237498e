"""Gradients against central differences."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import keras

from kerasdl.backend.gradients import has_float64
from kerasdl.errors import UserError
from kerasdl.testing.arguments import Arguments, standard_dtype
from kerasdl.testing.differences import STEPS, compare
from kerasdl.testing.gradient_report import GradientReport
from kerasdl.testing.numerics import is_floating
from kerasdl.testing.precision import converted, precision
from kerasdl.testing.serialization import is_from_keras


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

"""Steps of training, the same on every backend."""

import fnmatch
import functools
from collections.abc import Callable, Collection, Sequence
from typing import Any

import keras
import numpy as np

from kerasdl.backend.gradients import value_and_gradients
from kerasdl.testing.numerics import is_floating, to_numpy


def jit_compile() -> bool:
    """What `compile(jit_compile=...)` is given: PyTorch's compiler takes a minute a model."""
    return keras.backend.backend() != "torch"


def float_outputs(outputs: Any) -> list[Any]:
    """The floating tensors among nested outputs."""
    return [
        entry for entry in keras.tree.flatten(outputs) if entry is not None and is_floating(entry)
    ]


def projection(outputs: Sequence[Any], seed: int = 0) -> list[np.ndarray]:
    """Fixed random weights for every output: their weighted sum depends on each entry.

    A scalar keeps its value.
    """
    generator = np.random.default_rng(seed)
    shapes = [tuple(entry.shape) for entry in outputs]
    return [
        generator.uniform(0.5, 1.5, shape) * generator.choice([-1.0, 1.0], shape)
        if shape
        else np.ones(())
        for shape in shapes
    ]


def projected(outputs: Sequence[Any], weights: Sequence[np.ndarray]) -> Any:
    """`sum(output * weight)` over all outputs, a scalar tensor."""
    terms = [
        keras.ops.sum(output * keras.ops.convert_to_tensor(weight, dtype=output.dtype))
        for output, weight in zip(outputs, weights, strict=True)
    ]
    return functools.reduce(keras.ops.add, terms)  # TensorFlow's `+` takes no two dtypes


def demand_gradients(
    function: Callable[[], Any],
    variables: Sequence[keras.Variable],
    without: Collection[str] = (),
) -> None:
    """Raises unless every variable gets a gradient from a projection of `function()`'s outputs.

    Args:
        function: Reads the variables; returns nested tensors.
        variables: Trainable variables.
        without: Shell-style patterns of the paths of variables that are let through.

    Raises:
        AssertionError: Names each variable whose gradient is absent, zero throughout or not
            finite.
    """
    floats = [variable for variable in variables if is_floating(variable)]

    def scalar() -> Any:
        outputs = float_outputs(function())
        return projected(outputs, projection(outputs))

    _, gradients = value_and_gradients(scalar, floats, jit_compile=True)
    problems = []
    for variable, gradient in zip(floats, gradients, strict=True):
        values = None if gradient is None else to_numpy(gradient)
        if any(fnmatch.fnmatch(variable.path, f"*{pattern}") for pattern in without):
            continue
        if values is None or not np.any(values):
            problems.append(f"{variable.path} {tuple(variable.shape)} gets no gradient")
        elif not np.all(np.isfinite(values)):
            problems.append(f"{variable.path} {tuple(variable.shape)} gets NaN or infinity")
    if problems:
        raise AssertionError("; ".join(problems))


def train_on_random_targets(
    model: keras.Model,
    inputs: Sequence[Any],
    steps: int,
    optimizer: keras.optimizers.Optimizer | None = None,
) -> list[float]:
    """Compiled steps toward fixed random targets, by SGD if not told otherwise; their losses."""
    outputs = float_outputs(model(keras.tree.pack_sequence_as(model.input, list(inputs))))
    symbols = [entry for entry in model.outputs if is_floating(entry)]
    generator = np.random.default_rng(0)
    targets = [generator.normal(size=tuple(entry.shape)).astype("float32") for entry in outputs]
    trained = keras.Model(model.inputs, symbols)
    trained.compile(
        optimizer or keras.optimizers.SGD(0.01),
        ["mean_squared_error"] * len(symbols),
        jit_compile=jit_compile(),
    )
    losses = []
    for _ in range(steps):
        trained.reset_metrics()  # else Keras gives the mean over the steps so far
        logs = trained.train_on_batch(list(inputs), targets, return_dict=True)
        losses.append(float(logs["loss"]))
    return losses


def count_calls(layer: keras.layers.Layer) -> list[int]:
    """A counter of how often Python runs the layer: once a trace where steps are compiled."""
    counter, original = [0], layer.call

    def counted(*args: Any, **kwargs: Any) -> Any:
        counter[0] += 1
        return original(*args, **kwargs)

    layer.call = counted
    return counter

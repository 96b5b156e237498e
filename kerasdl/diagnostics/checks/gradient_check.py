"""Gradients against differences of the loss."""

from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np

from kerasdl.diagnostics.finding import Finding
from kerasdl.diagnostics.subject import Subject
from kerasdl.inside import inner_layers

NAME = "gradient-check"
WEIGHTS = 12
"""Weights looked at, evenly chosen: each costs some passes over a batch."""
TOLERANCE = 0.1
"""Relative: a wrong factor or a missing term is further off; float32 and the kinks of ReLU and
pooling were measured at up to 5 %."""
RISES = (1e-2, 1e-3, 1e-4)
"""Change of the loss aimed at, as a share of it: from curved to lost in rounding."""
REACH = 0.1
"""Longest step, by the norm of the weight."""
NOISE = 1e-6
"""Share of the loss that float32 may be off by."""


def gradient_check(subject: Subject) -> Finding:
    """Whether the slope of the loss along each weight's gradient is the gradient's length.

    `(L(w + e g / |g|) - L(w - e g / |g|)) / 2e = |g|` for the loss of the first batch in training,
    dropout and all, with the same draws. Where the gradient is zero the direction is random. In
    float32; entry by entry in float64: `kerasdl gradcheck`.

    Reference: Stanford CS231n, notes "Neural Networks 3", section "Gradient checks",
    https://cs231n.github.io/neural-networks-3/
    """
    model = subject.model
    if any(layer.compute_dtype != "float32" for layer in inner_layers(model)):
        return Finding(NAME, "not applicable", "the network does not compute in float32")
    rows = list(_rows(subject))
    told = [row for row in rows if row is not None]
    if not told:
        return Finding(NAME, "not applicable", "the gradients are too small to tell in float32")
    path, analytic, numeric, error = max(told, key=lambda row: row[3])
    said = f"{len(told)} weights; worst {path}: {analytic:.3g}, by differences {numeric:.3g}"
    if error <= TOLERANCE:
        return Finding(NAME, "ok", said)
    return Finding(
        NAME,
        "problem",
        said,
        "A layer or loss has a wrong gradient, unless it means to (thresholds, straight-through, "
        "reversal): kerasdl gradcheck compares entry by entry in float64.",
    )


def _rows(subject: Subject) -> Iterator[tuple[str, float, float, float] | None]:
    variables = subject.model.trainable_variables
    level = abs(subject.loss(subject.first, training=True)) or 1.0
    generator = np.random.default_rng(0)
    spacing = max(1, -(-len(variables) // WEIGHTS))
    pairs = list(zip(variables, subject.gradients, strict=True))
    for variable, gradient in pairs[::spacing]:
        length = _norm(gradient)
        way = gradient if length > 0 else generator.normal(size=gradient.shape)
        at = _line(subject, variable, way / _norm(way))
        reach = REACH * max(_norm(keras.ops.convert_to_numpy(variable.value)), 1.0)
        yield _row(variable.path, length, level, reach, at)


def _line(subject: Subject, variable: keras.Variable, way: np.ndarray) -> Callable[[float], float]:
    """The loss by how far the variable is moved that way."""
    variables = subject.model.variables
    place = next(index for index, entry in enumerate(variables) if entry is variable)
    values = [entry.value for entry in variables]
    middle = np.asarray(keras.ops.convert_to_numpy(variable.value), "float64")

    def at(step: float) -> float:
        moved = keras.ops.convert_to_tensor((middle + step * way).astype("float32"))
        there = [*values[:place], moved, *values[place + 1 :]]
        return subject.loss(subject.first, training=True, values=there)

    return at


def _row(
    path: str, length: float, level: float, reach: float, at: Callable[[float], float]
) -> tuple[str, float, float, float] | None:
    """Path, both slopes and their relative error; None if rounding or curvature hides them.

    A difference is believed against the gradient only where another step gives the same.
    """
    seen: list[float] = []
    for rise in RISES:
        step = min(rise * level / length, reach * rise / RISES[0]) if length > 0 else reach * rise
        numeric = (at(step) - at(-step)) / (2 * step)
        if max(length, abs(numeric)) < NOISE * level / step / TOLERANCE:
            continue
        error = _apart(length, numeric)
        if error <= TOLERANCE or any(_apart(numeric, other) <= TOLERANCE for other in seen):
            return path, length, numeric, error
        seen.append(numeric)
    return None


def _apart(one: float, other: float) -> float:
    larger = max(abs(one), abs(other))
    return abs(one - other) / larger if larger > 0 else 0.0


def _norm(array: Any) -> float:
    return float(np.sqrt(np.square(array, dtype="float64").sum()))

"""Histograms of variables, counted where the variables are."""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from kerasdl.backend.gradients import compiled


class Histogram(NamedTuple):
    """The values of one variable.

    Args:
        path: The variable's path.
        counts: `(bins,)`; finite values alone.
        edges: `(bins + 1,)`, evenly from the least value to the greatest.
        mean: Of the finite values.
        deviation: Standard deviation of the finite values.
        not_finite: How many values are NaN or infinite.
    """

    path: str
    counts: np.ndarray
    edges: np.ndarray
    mean: float
    deviation: float
    not_finite: int


def histogram_function(
    variables: Sequence[keras.Variable], bins: int
) -> Callable[[], list[Histogram]]:
    """A function that counts the present values; compiled once, one read by the host per call."""

    @compiled
    def count(values: Sequence[Any]) -> tuple[Any, Any]:
        pairs = [_count(value, bins) for value in values]
        return ops.stack([counts for counts, _ in pairs]), ops.stack([about for _, about in pairs])

    def histograms() -> list[Histogram]:
        if not variables:
            return []
        counts, about = map(ops.convert_to_numpy, count([variable.value for variable in variables]))
        found = []
        for variable, row, (low, high, mean, square) in zip(variables, counts, about, strict=True):
            edges = np.linspace(low, high, bins + 1, dtype="float64")
            missing = math.prod(variable.shape) - int(row.sum())
            deviation = math.sqrt(max(float(square), 0.0))
            found.append(Histogram(variable.path, row, edges, float(mean), deviation, missing))
        return found

    return histograms


def _count(value: Any, bins: int) -> tuple[Any, Any]:
    flat = ops.cast(ops.reshape(value, (-1,)), "float32")
    finite = ops.isfinite(flat)
    known = ops.where(finite, flat, 0.0)
    number = ops.maximum(ops.sum(ops.cast(finite, "float32")), 1.0)
    low = ops.min(ops.where(finite, flat, _LARGEST))
    high = ops.max(ops.where(finite, flat, -_LARGEST))
    some = ops.any(finite)
    low, high = ops.where(some, low, 0.0), ops.where(some, high, 0.0)
    same = ops.equal(low, high)
    low, high = ops.where(same, low - 0.5, low), ops.where(same, high + 0.5, high)
    mean = ops.sum(known) / number
    variance = ops.sum(ops.where(finite, ops.square(flat - mean), 0.0)) / number
    bin_of = ops.floor((known - low) / (high - low) * bins)
    bin_of = ops.cast(ops.clip(bin_of, 0, bins - 1), "int32")
    counts = ops.segment_sum(ops.cast(finite, "int32"), bin_of, num_segments=bins)
    return counts, ops.stack([low, high, mean, variance])


_LARGEST = float(np.finfo("float32").max)

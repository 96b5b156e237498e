"""How many weights and units of a model still matter."""

import math
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from kerasdl.errors import UserError


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelReport:
    """What is left of one kernel; its last axis holds units, the one before it their inputs.

    Args:
        path: Path of the kernel.
        weights: Number of its weights.
        effective: Their effective number, `sum w ** 2 / (scale ** 2 + w ** 2)`.
        eliminated: Weights of at most the threshold.
        units: Number of units.
        dead_units: Units all of whose incoming weights are eliminated: their output is constant.
        inputs: Number of inputs.
        unread_inputs: Inputs that no unit reads.
    """

    path: str
    weights: int
    effective: float
    eliminated: int
    units: int
    dead_units: int
    inputs: int
    unread_inputs: int


def effective_number_of_weights(weights: Any, scale: float) -> float:
    """`sum w ** 2 / (scale ** 2 + w ** 2)` over an array, or over a model's kernels.

    A weight far above `scale` counts 1, one far below counts 0.

    Args:
        weights: An array, a variable, or a model or layer.
        scale: As in `WeightElimination`, greater than 0.
    """
    if not scale > 0:
        raise UserError(f"`scale` must be greater than 0. Received: {scale=}")
    if isinstance(weights, keras.layers.Layer):
        return math.fsum(effective_number_of_weights(kernel, scale) for kernel in _kernels(weights))
    squares = np.square(np.asarray(keras.ops.convert_to_numpy(weights), "float64") / scale)
    return float(np.sum(squares / (1 + squares)))


def elimination_report(
    model: keras.layers.Layer, scale: float, threshold: float = 0.0
) -> list[KernelReport]:
    """One record for each kernel (a weight of two axes or more called `...kernel`).

    Args:
        model: A built model or layer.
        scale: As in `WeightElimination`, greater than 0.
        threshold: Weights of at most this size count as eliminated; at least 0.
    """
    if not threshold >= 0:
        raise UserError(f"`threshold` must be at least 0. Received: {threshold=}")
    return [_kernel_report(kernel, scale, threshold) for kernel in _kernels(model)]


def _kernels(model: keras.layers.Layer) -> list[keras.Variable]:
    return [v for v in model.weights if v.name.endswith("kernel") and len(v.shape) > 1]


def _kernel_report(kernel: keras.Variable, scale: float, threshold: float) -> KernelReport:
    small = np.abs(keras.ops.convert_to_numpy(kernel).astype("float64")) <= threshold
    axes = tuple(range(small.ndim))
    dead, unread = small.all(axis=axes[:-1]), small.all(axis=(*axes[:-2], axes[-1]))
    return KernelReport(
        path=kernel.path,
        weights=small.size,
        effective=effective_number_of_weights(kernel, scale),
        eliminated=int(small.sum()),
        units=dead.size,
        dead_units=int(dead.sum()),
        inputs=unread.size,
        unread_inputs=int(unread.sum()),
    )

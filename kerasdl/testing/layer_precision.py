"""Rules on a layer in other precisions than float32."""

from typing import Any

import keras
import numpy as np

from kerasdl.backend.gradients import has_float64
from kerasdl.testing.checks import demand
from kerasdl.testing.layer_case import LayerCase, flat
from kerasdl.testing.layer_outputs import demand_promised_dtype
from kerasdl.testing.numerics import (
    TOLERANCES,
    assert_close,
    assert_finite,
    dtype_of,
    is_floating,
    to_numpy,
)
from kerasdl.testing.precision import precision


def mixed_bfloat16(case: LayerCase) -> None:
    """Under `mixed_bfloat16` outputs are bfloat16, finite and near; variables stay float32.

    Reproduce: keras.config.set_dtype_policy("mixed_bfloat16"); make()(*inputs).dtype
    """
    if "mixed_bfloat16" in case.dtypes:
        _demand_precision(case, "mixed_bfloat16")


def mixed_float16(case: LayerCase) -> None:
    """Under `mixed_float16` outputs are float16, finite and near; variables stay float32.

    Reproduce: keras.config.set_dtype_policy("mixed_float16"); make()(*inputs).dtype
    """
    if "mixed_float16" in case.dtypes:
        _demand_precision(case, "mixed_float16")


def float64(case: LayerCase) -> None:
    """Under `float64`, where the backend has it, outputs are float64 and near those of float32.

    float32 will do where Keras's own operations narrow to it: `keras.backend.result_type("float64",
    float)` is `"float32"` on JAX and PyTorch, which `tanh`, `sin` and `var` follow.

    Reproduce: keras.config.set_floatx("float64"); keras.config.set_dtype_policy("float64");
    make()(*inputs).dtype
    """
    if has_float64():
        _demand_precision(case, "float64")


def _demand_precision(case: LayerCase, policy: str) -> None:
    usual = case.layer  # made before the policy changes
    with precision(policy):
        layer, promised = case.build()
        for target, source in zip(layer.variables, usual.variables, strict=True):
            target.assign(to_numpy(source))
        if policy == "mixed_float16":
            # Not compiled: XLA may keep more than 16 bits between operations, and so hide an
            # overflow; and its CPU code has no float16 attention.
            outputs = flat(case.arguments.call(layer, case.arguments.tensors(), training=False))
        else:
            outputs = case.compute(layer, case.arguments.arrays)
    wanted = case.output_dtypes(len(outputs))
    for output, dtype, promise in zip(outputs, wanted, promised, strict=True):
        if is_floating(output):
            _demand_dtype(output, dtype, layer.compute_dtype)
            assert_finite(output, "output")
        if layer.compute_dtype != "float64":
            demand_promised_dtype(promise, output)
    for output, expected in zip(outputs, case.inferred, strict=True):
        if is_floating(output) and case.differentiable:  # thresholds may fall elsewhere
            _demand_near(output, expected, layer.compute_dtype)
    for variable in filter(is_floating, layer.variables):
        demand(
            variable.dtype == layer.variable_dtype,
            f"variable {variable.path} is {variable.dtype}, expected {layer.variable_dtype}",
        )


def _demand_dtype(output: Any, wanted: str | None, compute_dtype: str) -> None:
    allowed = {wanted or compute_dtype}
    if compute_dtype == "float64":
        allowed |= {compute_dtype, keras.backend.result_type(compute_dtype, float)}
    names = " or ".join(sorted(allowed))
    demand(dtype_of(output) in allowed, f"the output is {dtype_of(output)}, expected {names}")


def _demand_near(output: Any, expected: Any, dtype: str) -> None:
    """Raises unless the outputs are within the precision's tolerance of the largest."""
    tolerance = max(TOLERANCES[dtype][0], TOLERANCES["float32"][0])
    scale = max(1.0, float(np.max(np.abs(to_numpy(expected)), initial=0.0)))
    assert_close(output, expected, f"output in {dtype}", rtol=tolerance, atol=tolerance * scale)

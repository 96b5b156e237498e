"""Comparing numbers: how close two arrays of a dtype can be asked to be."""

from typing import Any

import keras
import numpy as np

TOLERANCES = {
    "float64": (1e-10, 1e-10),
    "float32": (1e-5, 1e-5),
    "float16": (1e-2, 1e-2),
    "bfloat16": (5e-2, 5e-2),
}
"""`(rtol, atol)` by dtype, for results of a few hundred operations on numbers near 1."""


def to_numpy(tensor: Any) -> np.ndarray:
    """A NumPy array of `tensor`; 16-bit floats, which NumPy may lack, as float32."""
    if isinstance(tensor, keras.Variable):
        tensor = tensor.value
    if keras.ops.is_tensor(tensor):
        if dtype_of(tensor) in ("bfloat16", "float16"):
            tensor = keras.ops.cast(tensor, "float32")
        return np.asarray(keras.ops.convert_to_numpy(tensor))
    return np.asarray(tensor)


def dtype_of(tensor: Any) -> str:
    """The dtype's Keras name: `float32`."""
    return keras.backend.standardize_dtype(tensor.dtype)


def is_floating(tensor: Any) -> bool:
    """Whether the tensor, array or variable holds floats."""
    return keras.backend.is_float_dtype(dtype_of(tensor))


def assert_finite(tensor: Any, what: str) -> None:
    """Raises unless every entry is finite.

    Raises:
        AssertionError: Names the first entry that is not, and how many there are.
    """
    values = to_numpy(tensor)
    bad = np.argwhere(~np.isfinite(values)) if values.dtype.kind == "f" else np.empty((0, 1))
    if len(bad):
        index = tuple(int(entry) for entry in bad[0])
        raise AssertionError(
            f"{what}: {len(bad)} of {values.size} entries are not finite, first "
            f"{values[index]} at index {index}"
        )


def assert_close(
    actual: Any,
    expected: Any,
    what: str = "values",
    *,
    dtype: str = "float32",
    rtol: float | None = None,
    atol: float | None = None,
) -> None:
    """Raises unless shapes are equal and `|actual - expected| <= atol + rtol * |expected|`.

    Args:
        actual: Tensor, variable or array under test.
        expected: What it should be.
        what: What is compared, for the message.
        dtype: Dtype of the computation; gives the tolerances that are not given.
        rtol: Relative tolerance.
        atol: Absolute tolerance.

    Raises:
        AssertionError: Names the worst entry, both values there, and the tolerances.
    """
    rtol = TOLERANCES[dtype][0] if rtol is None else rtol
    atol = TOLERANCES[dtype][1] if atol is None else atol
    actual, expected = to_numpy(actual), to_numpy(expected)
    if actual.shape != expected.shape:
        raise AssertionError(f"{what}: shape {actual.shape}, expected {expected.shape}")
    left, right = actual.astype("float64"), expected.astype("float64")
    with np.errstate(invalid="ignore"):
        excess = np.abs(left - right) - (atol + rtol * np.abs(right))
    # Equal infinities are close; a NaN never is, unless it was expected.
    excess = np.where((left == right) | (np.isnan(left) & np.isnan(right)), -np.inf, excess)
    wrong = ~(excess <= 0)
    if wrong.any():
        index = np.unravel_index(np.argmax(np.where(np.isnan(excess), np.inf, excess)), wrong.shape)
        index = tuple(int(entry) for entry in index)
        raise AssertionError(
            f"{what}: {int(wrong.sum())} of {wrong.size} entries differ; worst at index {index}: "
            f"{left[index]!r}, expected {right[index]!r} (rtol={rtol:g}, atol={atol:g})"
        )

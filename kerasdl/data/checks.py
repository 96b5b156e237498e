"""What samples must hold before anything is trained on them; each failure is one message."""

import numpy as np

from kerasdl.data.records import SINGLE_LABEL_TASKS, Data, Samples
from kerasdl.errors import UserError

_VALUE_TASKS = ("tabular-regression", "multi-label-classification")


def check_same_length(x: np.ndarray, y: np.ndarray, where: str) -> None:
    """Raises `UserError` unless there is one target for each input."""
    if x.ndim == 0 or y.ndim == 0:
        raise UserError(
            f"{where}: inputs and targets must be arrays of samples. "
            f"Received: shapes {x.shape} and {y.shape}."
        )
    if len(x) != len(y):
        raise UserError(
            f"{where}: inputs and targets must be equally many. "
            f"Received: {len(x)} inputs and {len(y)} targets."
        )


def check_finite(array: np.ndarray, where: str, *, missing: bool = False) -> None:
    """Raises `UserError` on infinity, and on NaN unless it may stand for a missing value."""
    if array.dtype.kind != "f":
        return
    bad = np.isinf(array) if missing else ~np.isfinite(array)
    if not bad.any():
        return
    first = tuple(int(index) for index in np.argwhere(bad)[0])
    place = f", place {first[1:]}" if len(first) > 1 else ""
    raise UserError(
        f"{where}: values must be finite. Received: {int(bad.sum())} that are not, the first "
        f"{array[first]} at sample {first[0]}{place} (counted from 0). Repair or "
        "remove the samples."
    )


def check_labels(y: np.ndarray, outputs: int, where: str) -> None:
    """Raises `UserError` unless `y` holds class numbers from 0 to `outputs - 1`."""
    if y.ndim != 1 or y.dtype.kind not in "iu":
        raise UserError(
            f"{where}: class numbers must be whole numbers in one dimension. "
            f"Received: shape {y.shape}, dtype {y.dtype}."
        )
    bad = (y < 0) | (y >= outputs)
    if bad.any():
        first = int(np.argmax(bad))
        raise UserError(
            f"{where}: labels must be whole numbers from 0 to {outputs - 1} ({outputs} classes). "
            f"Received: {int(bad.sum())} others, the first {int(y[first])} at sample {first} "
            "(counted from 0). Number the classes from 0, without gaps."
        )


def check_data(data: Data) -> Data:
    """Returns `data` unless its samples contradict its form.

    Raises:
        UserError: On unequal lengths, no samples, NaN or infinity (a table's inputs may hold NaN
            for a missing value), a wrong shape, a label outside the classes, or a single class.
    """
    if data.train.y is None and data.task in (*SINGLE_LABEL_TASKS, *_VALUE_TASKS):
        raise UserError(
            f"{data.source or data.name}: the task {data.task} needs targets. Received: none."
        )
    for part, samples in data.parts.items():
        _check_part(data, samples, f"{data.source or data.name} ({part})")
    if data.task in SINGLE_LABEL_TASKS:
        present = np.unique(data.train.y)
        if len(present) < 2:
            names = data.classes or ()
            only = int(present[0])
            shown = repr(names[only]) if only < len(names) else str(only)
            raise UserError(
                f"{data.source or data.name}: classification needs at least two classes. "
                f"Received: every training sample is of class {shown}."
            )
    return data


def _check_part(data: Data, samples: Samples, where: str) -> None:
    if len(samples) == 0:
        raise UserError(f"{where}: there must be at least one sample. Received: none.")
    expected = data.inputs.shape
    if samples.x.shape[1:] != expected:
        raise UserError(
            f"{where}: expected inputs of shape (samples, {', '.join(map(str, expected))}). "
            f"Received: {samples.x.shape}."
        )
    check_finite(samples.x, f"{where}, inputs", missing=data.inputs.kind == "table")
    if samples.y is None:
        return
    check_same_length(samples.x, samples.y, where)
    if data.task in SINGLE_LABEL_TASKS:
        check_labels(samples.y, data.outputs, f"{where}, targets")
    else:
        check_finite(samples.y, f"{where}, targets")
    if data.task in _VALUE_TASKS and samples.y.shape[1:] != (data.outputs,):
        raise UserError(
            f"{where}: expected targets of shape (samples, outputs={data.outputs}). "
            f"Received: {samples.y.shape}."
        )
    if data.task == "multi-label-classification":
        _check_indicators(samples.y, where)


def _check_indicators(y: np.ndarray, where: str) -> None:
    bad = (y != 0) & (y != 1)
    if bad.any():
        row = int(np.argwhere(bad)[0][0])
        raise UserError(
            f"{where}: multi-label targets must be 0 or 1. Received: {y[bad][0]} at sample {row}."
        )

"""Which task a column or array of targets stands for, and the targets as that task wants them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kerasdl.errors import UserError

MOST_GUESSED_CLASSES = 20
"""Whole numbers with more different values than these are taken as quantities, not classes, unless
they are 0 to K - 1 without a gap, with `_SAMPLES_A_CLASS` samples or more to each on average."""

_SAMPLES_A_CLASS = 10

CLASSIFICATION, REGRESSION = "tabular-classification", "tabular-regression"
MULTI_LABEL = "multi-label-classification"


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """Targets as numbers, with what they mean."""

    y: np.ndarray
    outputs: int
    classes: tuple[str, ...] | None = None


def is_whole(values: np.ndarray) -> bool:
    """Whether every number is a whole one."""
    return values.dtype.kind in "iu" or bool(np.all(values == np.floor(values)))


def guess_task(values: np.ndarray) -> str:
    """Classification for texts, truth values and what looks like class numbers; else regression.

    Whole numbers look so if they are few (`MOST_GUESSED_CLASSES`), or without a gap from 0 on.
    Two-dimensional 0/1 values are classes if each row has a single 1, else labels.
    """
    if values.ndim == 2 and values.shape[1] > 1:
        if values.dtype.kind not in "iufb" or not np.isin(values, (0, 1)).all():
            return REGRESSION
        return CLASSIFICATION if (values.sum(axis=1) == 1).all() else MULTI_LABEL
    if values.dtype.kind not in "iuf":
        return CLASSIFICATION
    distinct = np.unique(values)
    few = len(distinct) <= MOST_GUESSED_CLASSES
    gapless = np.array_equal(distinct, np.arange(len(distinct)))
    filled = len(values) >= _SAMPLES_A_CLASS * len(distinct)
    return CLASSIFICATION if is_whole(values) and (few or (gapless and filled)) else REGRESSION


def class_targets(values: np.ndarray, where: str, classes: Sequence[str] | None = None) -> Targets:
    """Class numbers: of texts by sorted name, of numbers as they are, of one-hot rows by place.

    Raises:
        UserError: If numbers are not whole, negative, or leave most classes below them unused.
    """
    if values.ndim == 2:
        values, width = _places(values, where)
        if width > 1 and classes is None:
            classes = tuple(map(str, range(width)))
    if values.dtype.kind not in "iufb":
        names, codes = np.unique(values.astype(str), return_inverse=True)
        return _named(names.tolist(), codes, where, classes)
    if values.dtype.kind == "f" and not is_whole(values):
        bad = values[values != np.floor(values)][0]
        raise UserError(
            f"{where}: class numbers must be whole. Received: {bad}. For values to predict, "
            f"give task={REGRESSION!r}."
        )
    if values.dtype.kind == "f":
        values = values.clip(-(2.0**62), 2.0**62)
    numbers = values.astype(np.int64)
    outputs = len(classes) if classes is not None else _class_count(numbers, where)
    names = tuple(classes) if classes is not None else tuple(map(str, range(outputs)))
    return Targets(_as_codes(numbers), outputs, names)


def _places(values: np.ndarray, where: str) -> tuple[np.ndarray, int]:
    """One column from one-hot rows (the place of the 1), and how many columns there were."""
    width = values.shape[1]
    if width == 1:
        return values[:, 0], 1
    if guess_task(values) != CLASSIFICATION:
        raise UserError(
            f"{where}: class targets of shape {values.shape} must be one-hot: zeros and a single 1 "
            "in each row. Give one class number a sample instead."
        )
    return values.argmax(axis=1), width


def _as_codes(numbers: np.ndarray) -> np.ndarray:
    """As int32; what does not fit is left in 64 bits for the label check to name."""
    fits = len(numbers) == 0 or (numbers.min() >= -(2**31) and numbers.max() < 2**31)
    return numbers.astype(np.int32) if fits else numbers


def _named(
    names: list[str], codes: np.ndarray, where: str, classes: Sequence[str] | None
) -> Targets:
    if classes is None:
        return Targets(codes.astype(np.int32), len(names), tuple(names))
    place = {name: number for number, name in enumerate(classes)}
    unknown = [name for name in names if name not in place]
    if unknown:
        raise UserError(
            f"{where}: labels must be among the {len(place)} classes "
            f"{', '.join(map(repr, list(place)[:10]))}. Received: {unknown[0]!r}."
        )
    numbers = np.array([place[name] for name in names], np.int32)[codes]
    return Targets(numbers, len(place), tuple(classes))


def _class_count(numbers: np.ndarray, where: str) -> int:
    if len(numbers) == 0:
        return 0
    highest, distinct = int(numbers.max()), len(np.unique(numbers))
    if highest + 1 > 10 * distinct + 100:
        raise UserError(
            f"{where}: classes must be numbered from 0 without gaps. Received: {distinct} "
            f"different labels, the highest {highest}. Number them anew, or give "
            f"task={REGRESSION!r} if they are values to predict."
        )
    return max(highest, 0) + 1


def value_targets(values: np.ndarray, where: str) -> Targets:
    """Values to predict, as `(samples, outputs)` float32.

    Raises:
        UserError: If they are not numbers.
    """
    if values.dtype.kind not in "iufb":
        raise UserError(
            f"{where}: values to predict must be numbers. Received: dtype {values.dtype}, "
            f"the first {values.flat[0].item()!r}. For classes, give task={CLASSIFICATION!r}."
        )
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite and is refused
        table = values.reshape(len(values), math.prod(values.shape[1:])).astype(np.float32)
    return Targets(table, table.shape[1])

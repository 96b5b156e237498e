"""Columns of a table: told apart by their content, and turned into a matrix of numbers."""

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kerasdl.data.data_warning import DataWarning
from kerasdl.data.inputs import Column, Inputs
from kerasdl.errors import UserError, did_you_mean

if TYPE_CHECKING:
    import pandas

MOST_CATEGORIES = 256
"""Categories kept of a column, the most frequent ones; the others are read as unknown."""

_DATE_FORMATS = ("ISO8601", "%Y/%m/%d", "%Y/%m/%d %H:%M", "%d.%m.%Y", "%d.%m.%Y %H:%M")


def describe_column(column: "pandas.Series", path: Path) -> Column | None:
    """A column's kind by its content; `None` for one that says nothing, with a `DataWarning`.

    Raises:
        UserError: If most values are numbers, or dates, and some are not.
    """
    name, values = str(column.name), column.dropna()
    if values.empty:
        return _left_out(path, name, "has no value in any row")
    numbers = _numbers(values)
    if numbers.notna().all():
        return Column(name)
    if numbers.notna().mean() > 0.5:
        odd = values[numbers.isna()]
        raise UserError(
            f"{path}: column {name!r} must hold numbers throughout or not at all. Received: "
            f"{odd.iloc[0]!r} in row {odd.index[0] + 1} and {len(odd) - 1} others that are none "
            "(the row below the header is 1). Leave a missing value empty; put a letter before "
            "numbers that are categories."
        )
    counts = values.value_counts()
    dates = _dates(counts.index.to_series())
    if dates.notna().all():
        return Column(name, "date")
    if dates.notna().mean() > 0.5:
        _refuse_odd(values, _dates(values), Column(name, "date"), str(path))
    if len(counts) > max(MOST_CATEGORIES, len(values) // 2):
        return _left_out(
            path, name, f"has {len(counts)} different texts in {len(values)} rows, like a name"
        )
    frequent = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:MOST_CATEGORIES]
    return Column(name, "categorical", tuple(sorted(text for text, _ in frequent)))


def _left_out(path: Path, name: str, why: str) -> None:
    warnings.warn(
        f"{path}: column {name!r} {why}; it is left out of the inputs.", DataWarning, stacklevel=2
    )


def _numbers(values: "pandas.Series") -> "pandas.Series":
    import pandas

    return narrow(pandas.to_numeric(values, errors="coerce")).astype(np.float64)


def narrow(numbers: "pandas.Series") -> "pandas.Series":
    """Numbers as they are, those beyond 64 bits as floats, beyond these as infinite."""
    return numbers.map(_as_float) if numbers.dtype == object else numbers


def _as_float(number: float) -> float:
    try:
        return float(number)
    except OverflowError:
        return np.inf if number > 0 else -np.inf


def _dates(values: "pandas.Series") -> "pandas.Series":
    """The values as dates, in the form that most of them have; NaT for the others."""
    import pandas

    read = (
        pandas.to_datetime(values, format=form, errors="coerce", utc=True) for form in _DATE_FORMATS
    )
    best = None
    for dates in read:
        if best is None or dates.notna().sum() > best.notna().sum():
            best = dates
        if best.notna().all():
            break
    return best


def table_matrix(frame: "pandas.DataFrame", inputs: Inputs, where: str) -> np.ndarray:
    """Rows as `(rows, columns)` float32: numbers, category codes (-1 unknown), parts of dates.

    NaN stands for a missing value.

    Raises:
        UserError: If a column is not there, or a value is not of its column's kind.
    """
    missing = [column.name for column in inputs.columns if column.name not in frame.columns]
    if missing:
        raise UserError(
            f"{where}: there is no column {missing[0]!r}; the inputs are "
            f"{', '.join(column.name for column in inputs.columns)}."
            f"{did_you_mean(missing[0], frame.columns)}"
        )
    parts = [_column_values(frame[column.name], column, where) for column in inputs.columns]
    matrix = np.column_stack(parts)
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite and is refused
        return matrix.astype(np.float32)


def _column_values(values: "pandas.Series", column: Column, where: str) -> np.ndarray:
    if column.kind == "numeric":
        numbers = _numbers(values)
        _refuse_odd(values, numbers, column, where)
        return numbers.to_numpy()
    if column.kind == "date":
        return _date_parts(values, column, where)
    import pandas

    codes = pandas.Categorical(values, categories=column.categories).codes.astype(np.float64)
    codes[values.isna().to_numpy()] = np.nan
    return codes


def _date_parts(values: "pandas.Series", column: Column, where: str) -> np.ndarray:
    known = values.dropna()
    dates = _dates(known)
    _refuse_odd(known, dates, column, where)
    stamps = dates.reindex(values.index).dt
    parts = (stamps.year, stamps.month, stamps.day, stamps.day_of_week, stamps.hour)
    return np.column_stack([part.to_numpy(np.float64, na_value=np.nan) for part in parts])


def _refuse_odd(values: "pandas.Series", read: "pandas.Series", column: Column, where: str) -> None:
    rule = "a number" if column.kind == "numeric" else "a date such as 2024-12-31"
    odd = values[values.notna() & read.isna()]
    if len(odd):
        raise UserError(
            f"{where}: column {column.name!r} must hold {rule} or nothing. Received: "
            f"{odd.iloc[0]!r} in row {odd.index[0] + 1} (the row below the header is 1)."
        )

"""Tables in CSV files as data records."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kerasdl.data.checks import check_data, check_finite
from kerasdl.data.csv_frame import read_frame
from kerasdl.data.files import bare_name
from kerasdl.data.inputs import Inputs, matrix_columns
from kerasdl.data.records import Data, Samples
from kerasdl.data.table_columns import describe_column, narrow, table_matrix
from kerasdl.data.targets import (
    CLASSIFICATION,
    MULTI_LABEL,
    REGRESSION,
    Targets,
    class_targets,
    guess_task,
    is_whole,
    value_targets,
)
from kerasdl.errors import UserError, did_you_mean

if TYPE_CHECKING:
    import pandas

TABLE_TASKS = (CLASSIFICATION, REGRESSION, MULTI_LABEL)


def load_table(path: Path, *, target: str | Sequence[str] | None, task: str | None = None) -> Data:
    """A CSV file as a data record.

    Columns are told apart by content: numbers; dates (ISO 8601, `2024/12/31` or `31.12.2024`);
    every other text is a category. An empty field, `NA` or `nan` is a missing value.

    Args:
        path: `.csv` or `.tsv`, `.gz` and `.xz` too; comma, semicolon or tab; UTF-8; the first line
            names the columns.
        target: Name of the column to predict, or several: all 0/1 are labels, else values.
        task: One of `TABLE_TASKS`; without it, `guess_task` of the target.

    Raises:
        UserError: On a file that is no such table, a target that is not there or has gaps, or
            values that the task does not allow.
    """
    if task is not None and task not in TABLE_TASKS:
        raise UserError(
            f"`task` of a table must be one of {', '.join(TABLE_TASKS)}. Received: task={task!r}"
        )
    frame = read_frame(path)
    names = _target_names(frame, target, path)
    values = _target_values(frame, names, path)
    check_finite(values, f"{path}, target {', '.join(map(repr, names))}")
    task = task or _guess(values)
    found = _targets(values, names, task, path)
    inputs = _inputs(frame.drop(columns=names), path)
    return check_data(
        Data(
            name=bare_name(path),
            task=task,
            train=Samples(table_matrix(frame, inputs, str(path)), found.y),
            inputs=inputs,
            outputs=found.outputs,
            classes=found.classes,
            target_names=tuple(names),
            source=str(path),
        )
    )


def _inputs(frame: "pandas.DataFrame", path: Path) -> Inputs:
    described = [describe_column(frame[name], path) for name in frame.columns]
    columns = tuple(column for column in described if column is not None)
    if not columns:
        raise UserError(f"{path}: a table needs a usable input column besides the target.")
    width = len(matrix_columns(columns))
    return Inputs(kind="table", shape=(width,), columns=columns)


def _target_names(
    frame: "pandas.DataFrame", target: str | Sequence[str] | None, path: Path
) -> list[str]:
    names = [target] if isinstance(target, str) else list(dict.fromkeys(target or ()))
    if not names:
        raise UserError(
            f"{path}: `target` must name the column to predict. "
            f"Columns: {', '.join(frame.columns)}."
        )
    for name in names:
        if name not in frame.columns:
            raise UserError(
                f"{path}: there is no target column {name!r}.{did_you_mean(name, frame.columns)}"
            )
    return names


def _target_values(frame: "pandas.DataFrame", names: list[str], path: Path) -> np.ndarray:
    """Target columns as numbers where all are numbers, else as text; one column is flat."""
    import pandas

    for name in names:
        missing = frame[name].isna().to_numpy()
        if missing.any():
            raise UserError(
                f"{path}: the target {name!r} must have a value in every row. Received: "
                f"{int(missing.sum())} without, the first in row {int(missing.argmax()) + 1} (the "
                "row below the header is 1). Remove these rows."
            )
    try:
        values = frame[names].apply(lambda column: narrow(pandas.to_numeric(column))).to_numpy()
    except (ValueError, TypeError):
        values = frame[names].to_numpy(dtype=str)
    return values[:, 0] if len(names) == 1 else values


def _guess(values: np.ndarray) -> str:
    """Several 0/1 columns are labels, even where every row has a single 1."""
    task = guess_task(values)
    return MULTI_LABEL if values.ndim == 2 and task == CLASSIFICATION else task


def _targets(values: np.ndarray, names: list[str], task: str, path: Path) -> Targets:
    where = f"{path}, target {', '.join(map(repr, names))}"
    if task != CLASSIFICATION:
        return value_targets(values, where)
    if values.ndim == 2:
        return class_targets(values, where, names)
    distinct, codes = np.unique(values, return_inverse=True)
    whole = distinct.dtype.kind == "f" and is_whole(distinct)
    names_of_classes = tuple(str(int(value) if whole else value) for value in distinct)
    return Targets(codes.astype(np.int32), len(distinct), names_of_classes)

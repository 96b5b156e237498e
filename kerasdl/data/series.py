"""Tables whose rows follow each other in time."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from kerasdl.data.checks import check_data
from kerasdl.data.csv_frame import read_frame
from kerasdl.data.files import bare_name
from kerasdl.data.inputs import Column, Inputs
from kerasdl.data.plans import SeriesPlan
from kerasdl.data.records import Data, Samples
from kerasdl.data.table_columns import table_matrix
from kerasdl.errors import UserError, did_you_mean


def series_data(
    parts: Mapping[str, np.ndarray],
    columns: Sequence[str],
    *,
    name: str,
    plan: SeriesPlan | None = None,
    source: str = "",
    license: str = "",
) -> Data:
    """A series, to be split and then prepared.

    Args:
        parts: Rows in order of time, `(rows, columns)`, by `train`, `validation`, `test`, each part
            following the one before; the last two as far as there are any.
        columns: Names of the columns.
        name: Name of the data set.
        plan: How it becomes windows unless the user says otherwise.
        source: Where it comes from.
        license: As the source states it.

    Raises:
        UserError: On NaN or infinity, or a wrong shape.

    Example:
        >>> data = series_data({"train": np.ones((9, 1))}, ["load"], name="flat")
        >>> data.task, data.outputs
        ('forecasting', 1)
    """
    samples = {part: Samples(np.asarray(rows, np.float32)) for part, rows in parts.items()}
    return check_data(
        Data(
            name=name,
            task="forecasting",
            **samples,
            # Rows stand as arrays until they are windows: a gap in one would be in many of these.
            inputs=Inputs(
                kind="arrays",
                shape=(len(columns),),
                columns=tuple(Column(column) for column in columns),
            ),
            outputs=len(columns),
            target_names=tuple(columns),
            source=source,
            license=license,
            plan=plan or SeriesPlan(),
        )
    )


def load_series(path: Path, target: str | Sequence[str] | None = None) -> Data:
    """A CSV file of rows in order of time; its columns of numbers, without the others.

    Args:
        path: The table.
        target: Columns to forecast; None for all.

    Raises:
        UserError: If there is no column of numbers, a gap in one, or no such target.
    """
    frame = read_frame(path)
    names = [column for column in frame.columns if _is_numeric(frame[column])]
    if not names:
        raise UserError(f"{path}: a series needs a column of numbers. Received: {[*frame.columns]}")
    asked = [target] if isinstance(target, str) else list(target or ())
    for column in asked:
        if column not in names:
            raise UserError(
                f"{path}: `target` must be columns of numbers. Received: {column!r}."
                + did_you_mean(column, names)
            )
    inputs = Inputs(
        kind="table", shape=(len(names),), columns=tuple(Column(column) for column in names)
    )
    rows = table_matrix(frame, inputs, str(path))
    places = tuple(names.index(column) for column in asked) or None
    return series_data(
        {"train": rows},
        names,
        name=bare_name(path),
        plan=SeriesPlan(targets=places),
        source=str(path),
    )


def _is_numeric(values: "object") -> bool:
    import pandas

    return bool(pandas.to_numeric(values, errors="coerce").notna().mean() > 0.5)

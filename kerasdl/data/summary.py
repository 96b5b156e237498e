"""What a data source holds, in words and numbers."""

from typing import Any

import numpy as np

from kerasdl.data.records import SINGLE_LABEL_TASKS, Data


def summary(data: Data) -> dict[str, Any]:
    """Task, sizes, form of an input, classes with their counts or targets, and columns."""
    inputs = data.inputs
    about: dict[str, Any] = {
        "data": data.name,
        "task": data.task,
        "source": data.source,
        "license": data.license,
        "samples": ", ".join(f"{name} {len(part):,}" for name, part in data.parts.items()),
        "input": f"{inputs.kind} {inputs.shape} {inputs.dtype}",
        "outputs": data.outputs,
        "targets": ", ".join(data.target_names),
    }
    if data.task in SINGLE_LABEL_TASKS and data.classes and data.train.y is not None:
        counts = np.bincount(data.train.y, minlength=data.outputs)
        about["classes"] = [
            {"number": number, "class": name, "training samples": int(count)}
            for number, (name, count) in enumerate(zip(data.classes, counts, strict=True))
        ]
    if inputs.columns:
        about["columns"] = [
            {
                "column": column.name,
                "kind": column.kind,
                "categories": _shortened(column.categories),
                "missing": _missing(data, column.name),
            }
            for column in inputs.columns
        ]
    return about


def _shortened(categories: tuple[str, ...], most: int = 6) -> str:
    more = f" and {len(categories) - most} more" if len(categories) > most else ""
    return ", ".join(categories[:most]) + more


def _missing(data: Data, name: str) -> int:
    """Empty cells of a column; an unknown category counts as one, a date by its year."""
    for place, column in enumerate(data.inputs.matrix_columns):
        if column.name in (name, f"{name}.year"):
            values = data.train.x[:, place]
            empty = values < 0 if column.kind == "categorical" else np.isnan(values)
            return int(empty.sum())
    return 0

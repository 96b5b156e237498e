"""A few samples in words, those that are right beside those that are wrong."""

from typing import Any

import numpy as np

from kerasdl.data import Form

_COLUMNS = 6
_EACH = 5


def chosen(right: np.ndarray, sure: np.ndarray, each: int = _EACH) -> np.ndarray:
    """Numbers of samples: the surest mistakes first, then what is right from surest to least sure.

    Args:
        right: `(N,)` booleans.
        sure: `(N,)` how sure an answer is.
        each: Samples of either kind at most.
    """
    order = np.argsort(-sure, kind="stable")
    wrong, hits = order[~right[order]], order[right[order]]
    spread = np.unique(np.linspace(0, max(len(hits) - 1, 0), min(each, len(hits))).astype(int))
    return np.concatenate([wrong[:each], hits[spread]])


def in_words(form: Form, row: np.ndarray) -> dict[str, Any]:
    """What one input says, where it can be read: a text, or the first columns of a table."""
    inputs = form.inputs
    if inputs.kind in ("tokens", "words") and inputs.text is not None:
        return {"input": inputs.text.text(row if row.ndim == 1 else row[:, 0])}
    if inputs.kind != "table":
        return {}
    return {
        column.name: _cell(value, column.categories)
        for column, value in list(zip(inputs.matrix_columns, row.tolist(), strict=False))[:_COLUMNS]
    }


def _cell(value: float, categories: tuple[str, ...]) -> Any:
    if value != value:
        return ""
    if not categories:
        return float(f"{value:.6g}")
    return categories[int(value)] if 0 <= int(value) < len(categories) else "other"

"""Padded rows in batches of like lengths."""

from typing import Any

import numpy as np

from kerasdl.data import LengthBatches
from kerasdl.data.text_form import lengths_of

_SHAPES = 4
"""Shapes of batches in order, where a network is only measured: each is compiled once more."""


def by_length(x: Any, y: Any = None, target_padding: int | None = 0, **how: Any) -> LengthBatches:
    """Batches whose padding is as short as their texts allow.

    Args:
        x: Rows of tokens `(N, T, ...)` filled up with 0, or a tuple of entries; images, which have
            no length, stay as they are.
        y: Rows likewise, one number a sample, or None.
        target_padding: What `y` is filled up with.
        **how: Arguments of `LengthBatches`.
    """
    if not how.get("shuffle", True):
        how.setdefault("max_shapes", _SHAPES)
    entries = tuple(map(_cut, x)) if isinstance(x, tuple) else _cut(x)
    if y is not None and y.ndim > 1:
        y = _cut(y, 0 if target_padding is None else target_padding)
    return LengthBatches(entries, y, target_pad_id=target_padding, **how)


def _cut(rows: np.ndarray, padding: int = 0) -> Any:
    if rows.ndim > 3 or rows.dtype.kind not in "iu":
        return rows
    return [row[:n] for row, n in zip(rows, lengths_of(rows, padding), strict=True)]

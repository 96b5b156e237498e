"""Entries of samples: arrays with a row each, and sequences of many lengths."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from kerasdl.errors import UserError


class Rows:
    """An entry with one row a sample, as an array."""

    def __init__(self, values: Any) -> None:
        self.values = np.asarray(values)
        if self.values.dtype.kind == "f":
            self.values = self.values.astype(keras.config.floatx())
        self.lengths: np.ndarray | None = None
        self.axis = 0

    def __len__(self) -> int:
        return self.values.shape[0] if self.values.ndim else 0

    def padded(self, rows: np.ndarray, lengths: tuple[int, ...]) -> np.ndarray:
        """These samples; there is nothing to pad."""
        del lengths
        return self.values[rows]


class Sequences:
    """An entry with a sequence a sample; `axis` says which of the padded lengths is its own."""

    def __init__(self, sequences: list[Any], fill: int) -> None:
        self.sequences = [np.asarray(sequence) for sequence in sequences]
        self.fill = fill
        self.axis = 0
        first = self.sequences[0]
        whole_numbers = all(sequence.dtype.kind in "iu" for sequence in self.sequences)
        self.dtype = np.dtype("int32" if whole_numbers else keras.config.floatx())
        for place, sequence in enumerate(self.sequences):
            if len(sequence) == 0:
                raise UserError(
                    f"a sequence must have at least one entry. Received: none in sample {place} "
                    "(counted from 0). Leave the sample out."
                )
            if sequence.shape[1:] != first.shape[1:] or sequence.dtype.kind not in "iuf":
                raise UserError(
                    f"sequences must be of numbers and of one shape beyond their length. Received: "
                    f"{sequence.shape} {sequence.dtype} in sample {place}, {first.shape} before."
                )
        self.lengths = np.array([len(sequence) for sequence in self.sequences])

    def __len__(self) -> int:
        return len(self.sequences)

    def padded(self, rows: np.ndarray, lengths: tuple[int, ...]) -> np.ndarray:
        """These samples, filled up to their axis's entry of `lengths`."""
        shape = (len(rows), lengths[self.axis], *self.sequences[0].shape[1:])
        array = np.full(shape, self.fill, self.dtype)
        for row, number in zip(array, rows, strict=True):
            sequence = self.sequences[number]
            row[: len(sequence)] = sequence
        return array


def entries(part: Any, fill: int) -> Any:
    """A part's tuples and dicts, with an entry for each list or array in them."""
    if isinstance(part, Mapping):
        return {key: entries(value, fill) for key, value in part.items()}
    if isinstance(part, tuple):
        return tuple(entries(value, fill) for value in part)
    if isinstance(part, list) and part and all(np.ndim(entry) > 0 for entry in part):
        return Sequences(part, fill)
    return Rows(part)


def axes(entries: list[Any]) -> np.ndarray:
    """The distinct lengths, `(samples, axes)`; tells each entry which axis is its own."""
    counts = {len(entry) for entry in entries}
    if len(counts) != 1 or 0 in counts:
        raise UserError(
            "`x`, `y` and `sample_weight` must have the same number of samples, at least 1. "
            f"Received: {', '.join(str(len(entry)) for entry in entries)}"
        )
    columns: list[np.ndarray] = []
    for entry in entries:
        if entry.lengths is None:
            continue
        same = [n for n, column in enumerate(columns) if np.array_equal(column, entry.lengths)]
        entry.axis = same[0] if same else len(columns)
        if not same:
            columns.append(entry.lengths)
    if not columns:
        raise UserError("`x` must hold a list of sequences. Received: arrays alone: use Batches.")
    return np.stack(columns, axis=1)

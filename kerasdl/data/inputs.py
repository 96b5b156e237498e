"""How one raw input looks, and how a trained model's inputs are read from files."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from kerasdl.data.sample_order import whole
from kerasdl.data.text_form import TextForm
from kerasdl.errors import UserError, did_you_mean

INPUT_KINDS = ("images", "table", "arrays", "series", "texts", "tokens", "words")
_RANKS = {"images": 3, "table": 1, "series": 2, "texts": 0, "tokens": 1, "words": 2}
COLUMN_KINDS = ("numeric", "categorical", "date")
LARGEST_INPUT = 2**28
"""Values of one input of a saved run, at most."""
_DTYPES = (
    *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    *("float16", "float32", "float64", "string"),
)
DATE_PARTS = ("year", "month", "day", "weekday", "hour")


@dataclass(frozen=True, slots=True)
class Column:
    """One input column of a table as it stands in the file.

    Args:
        name: The header's name.
        kind: `numeric`, `categorical` or `date`.
        categories: Texts of a categorical column; a category's place is its code.
    """

    name: str
    kind: str = "numeric"
    categories: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in COLUMN_KINDS:
            raise UserError(
                f"`kind` of column {self.name!r} must be one of {', '.join(COLUMN_KINDS)}. "
                f"Received: kind={self.kind!r}"
            )


def matrix_columns(columns: Iterable[Column]) -> tuple[Column, ...]:
    """Columns of a table's matrix: a date column becomes five numeric ones."""
    expanded: list[Column] = []
    for column in columns:
        if column.kind == "date":
            expanded += [Column(f"{column.name}.{part}") for part in DATE_PARTS]
        else:
            expanded.append(column)
    return tuple(expanded)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """How a raw input of a data source looks: enough to read one from a file and feed a model.

    Args:
        kind: `images`, `table`, `arrays`, `series`, `texts` (not yet in numbers), `tokens`, or
            `words` (tokens with the characters of each).
        shape: Shape of one input, without the batch axis: `(H, W, C)` for images, `(columns,)`
            for a table's matrix, `(context, columns)` for series, `(context,)` for tokens,
            `(context, 1 + characters)` for words.
        dtype: Dtype of that input.
        columns: The columns of a table or series, in the order of its matrix.
        text: How a text becomes tokens, for `tokens` and `words`.
        characters: How a word becomes characters, for `words`.
        value_range: Smallest and largest value that a pixel can have, where known; an image file
            (0 to 255) is brought to it.
        resize: Whether an image of another size is resized; otherwise it is refused.
    """

    kind: str
    shape: tuple[int, ...]
    dtype: str = "float32"
    columns: tuple[Column, ...] = ()
    text: TextForm | None = None
    characters: TextForm | None = None
    value_range: tuple[float, float] | None = None
    resize: bool = False

    def __post_init__(self) -> None:
        if self.kind not in INPUT_KINDS:
            raise UserError(
                f"`kind` must be one of {', '.join(INPUT_KINDS)}. Received: kind={self.kind!r}"
            )

    @property
    def vocab_size(self) -> int | None:
        """Tokens of the vocabulary, or `None` where there is none."""
        return None if self.text is None else self.text.vocab_size

    @property
    def context(self) -> int | None:
        """Longest input, in tokens or steps."""
        return self.shape[0] if self.kind in {"tokens", "words", "series"} else None

    @property
    def matrix_columns(self) -> tuple[Column, ...]:
        """Columns of a table's matrix: a date column becomes five numeric ones."""
        return matrix_columns(self.columns)

    def to_dict(self) -> dict[str, Any]:
        """Plain values that JSON and TOML can hold; what is empty is left out."""
        state: dict[str, Any] = {
            "kind": self.kind,
            "shape": list(self.shape),
            "dtype": self.dtype,
        }
        if self.columns:
            state["columns"] = [
                {"name": column.name, "kind": column.kind}
                | ({"categories": list(column.categories)} if column.categories else {})
                for column in self.columns
            ]
        for name in ("text", "characters"):
            if getattr(self, name) is not None:
                state[name] = getattr(self, name).to_dict()
        if self.value_range is not None:
            state["value_range"] = list(self.value_range)
        if self.resize:
            state["resize"] = True
        return state

    @classmethod
    def from_dict(cls, state: Mapping[str, Any]) -> "Inputs":
        """The record that `to_dict` was called on.

        Raises:
            UserError: On an unknown or missing key.
        """
        known = [entry.name for entry in fields(cls)]
        for key in state:
            if key not in known:
                raise UserError(f"`inputs` has no entry {key!r}.{did_you_mean(key, known)}")
        for key in ("kind", "shape"):
            if key not in state:
                raise UserError(f"`inputs` must have the entry {key!r}. Received: {list(state)}")
        try:
            return cls(**cls._plain(state))
        except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
            if isinstance(error, UserError):
                raise
            raise UserError(f"`inputs` has an entry of a wrong form: {error!r}") from None

    @staticmethod
    def _plain(state: Mapping[str, Any]) -> dict[str, Any]:
        values = dict(state)
        values["shape"] = tuple(whole("shape", size, 2**31, start=1) for size in state["shape"])
        rank = _RANKS.get(str(state["kind"]), len(values["shape"]))
        if len(values["shape"]) != rank or (rank == 0) != (state["kind"] == "texts"):
            raise UserError(
                f"`shape` of {state['kind']} must have {rank} sizes. Received: {values['shape']}"
            )
        wanted = {"tokens": ("text",), "words": ("text", "characters")}
        for name in wanted.get(state["kind"], ()):
            if not state.get(name):
                raise UserError(f"inputs of the kind {state['kind']} must have the entry {name!r}")
        if math.prod(values["shape"]) > LARGEST_INPUT:
            raise UserError(
                f"`shape` may be of {LARGEST_INPUT} values. Received: shape={values['shape']}"
            )
        if state.get("dtype", "float32") not in _DTYPES:
            raise UserError(
                f"`dtype` must be one of {', '.join(_DTYPES)}. Received: {state['dtype']!r:.100}"
            )
        for name in ("text", "characters"):
            if name in state:
                values[name] = TextForm.from_dict(state[name])
        _demand_shape_of_text(values)
        values["columns"] = tuple(
            Column(str(entry["name"]), entry["kind"], tuple(map(str, entry.get("categories", ()))))
            for entry in state.get("columns", ())
        )
        if "value_range" in state:
            low, high = map(float, state["value_range"])
            if not -np.inf < low < high < np.inf:
                raise UserError(f"`value_range` must be finite and rising. Received: {low}, {high}")
            values["value_range"] = (low, high)
        return values

    def read(self, paths: Sequence[str | Path]) -> tuple[np.ndarray, list[str]]:
        """Raw inputs from files, stacked, and a name for each sample.

        Images: PNG, JPEG, folders of them, `.npy`, `.npz`, IDX. Tables: CSV with these columns
        (others are passed over). Series: CSV with these columns, of which the last `shape[0]` rows
        are taken. Arrays: `.npy`, `.npz`. Tokens and words: text files, a sample a line; what is no
        file is a text itself.

        Raises:
            UserError: On a file that is missing, unreadable or of another form than these inputs.
        """
        from kerasdl.data.reading import read_inputs

        return read_inputs(self, paths)


def _demand_shape_of_text(values: Mapping[str, Any]) -> None:
    """Tokens and words have the shape that their tokenizing gives."""
    if values["kind"] not in ("tokens", "words"):
        return
    shape = (values["text"].context,)
    if values["kind"] == "words":
        shape += (1 + values["characters"].context,)
    if values["shape"] != shape:
        raise UserError(
            f"`shape` of these {values['kind']} must be {shape}, as their contexts say. "
            f"Received: {values['shape']}"
        )

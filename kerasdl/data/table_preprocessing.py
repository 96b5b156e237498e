"""A table's matrix, with its gaps and codes, made fit for a network."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasdl.errors import UserError

_NUMERIC = {"kind": "numeric", "fill": 0.0, "log": 0.0, "center": 0.0, "scale": 1.0, "edges": ()}


@keras.saving.register_keras_serializable(package="kerasdl")
class TablePreprocessing(keras.layers.Layer):
    """Fills gaps, scales numbers and one-hot encodes categories of a table's matrix.

    A numeric column `x` gives `z = (g(v) - center) / scale`, where `v` is `x`, or `fill` where `x`
    is NaN, and `g(v) = log(1 + max(v, 0) / log)` if `log > 0`, else `g(v) = v`. With `edges`
    e0 < e1 < … it also gives `clip((z - e[k-1]) / (e[k] - e[k-1]), 0, 1)` for each piece `k`
    between two edges: how far the number has come through the piece. With `indicator` it also gives
    1 where `x` is NaN, else 0. A categorical column of codes gives one value for each code in
    `codes`, 1 where `x` is that code, else 0, and before them an unknown slot: 1 where `x` is NaN
    or any other code.

    Order of the outputs: the numeric columns, then their pieces, then the indicators, then the
    categorical columns, each in the order of `columns`. The layer has no weights: all it knows is
    in its configuration, so a saved model holds it.

    Shapes: `B` batch. Input `(B, columns)`, output `(B, features)`, float32 under any policy
    (codes and years do not survive in 16 bits).

    Args:
        columns: One dict per input column: `{"kind": "numeric", "fill", "log", "center", "scale",
            "edges", "indicator"}`, all but the kind optional, or `{"kind": "categorical",
            "codes": [...]}`.

    Raises:
        UserError: If a column's kind or an entry is unknown, `scale` is not positive, `log` is
            negative, `edges` do not rise, or codes are given twice; if an input has another number
            of columns.

    Differs from: `keras.utils.FeatureSpace`, whose string lookups need TensorFlow at run time and
    which has no place for a missing number.

    Reference: Gorishniy et al., 2022, section 3.2, https://arxiv.org/abs/2203.05556 (the pieces)

    Example:
        >>> layer = TablePreprocessing(
        ...     [{"kind": "numeric", "fill": 4.0, "center": 2.0, "scale": 2.0},
        ...      {"kind": "categorical", "codes": [0, 1]}]
        ... )
        >>> keras.ops.convert_to_numpy(layer(np.array([[np.nan, 1.0]])))  # and unknown, 0, 1
        array([[1., 0., 0., 1.]], dtype=float32)
    """

    def __init__(self, columns: Sequence[Mapping[str, Any]], **kwargs: Any) -> None:
        kwargs.setdefault("dtype", "float32")
        super().__init__(**kwargs)
        self.columns = columns
        for place, column in enumerate(columns):
            _check_column(column, place)
        numeric = [i for i, column in enumerate(columns) if column["kind"] == "numeric"]
        self._numeric = np.array(numeric, np.int32)
        filled = [{**_NUMERIC, **columns[i]} for i in numeric]
        self._fill, self._log, self._center, self._scale = (
            np.array([column[key] for column in filled], np.float32)
            for key in ("fill", "log", "center", "scale")
        )
        pieces = [
            (place, low, high)
            for place, column in enumerate(filled)
            for low, high in itertools.pairwise(column["edges"])
        ]
        self._place = np.array([piece[0] for piece in pieces], np.int32)
        self._low = np.array([piece[1] for piece in pieces], np.float32)
        self._width = np.array([piece[2] for piece in pieces], np.float32) - self._low
        self._indicator = np.array([i for i in numeric if columns[i].get("indicator")], np.int32)
        self._codes = {
            i: np.array(column["codes"], np.float32)
            for i, column in enumerate(columns)
            if column["kind"] == "categorical"
        }

    def call(self, inputs: Any) -> Any:
        """Numbers, indicators and one-hot categories of a batch of rows."""
        inputs = ops.cast(inputs, "float32")
        parts = []
        if len(self._numeric):
            parts.append(self._scaled(ops.take(inputs, self._numeric, axis=1)))
        if len(self._place):
            parts.append(self._cut(parts[0]))
        if len(self._indicator):
            gaps = ops.isnan(ops.take(inputs, self._indicator, axis=1))
            parts.append(ops.cast(gaps, "float32"))
        for place, codes in self._codes.items():
            known = ops.cast(ops.equal(inputs[:, place : place + 1], codes), "float32")
            parts += [1.0 - ops.sum(known, axis=1, keepdims=True), known]
        return parts[0] if len(parts) == 1 else ops.concatenate(parts, axis=1)

    def _scaled(self, values: Any) -> Any:
        values = ops.where(ops.isnan(values), self._fill, values)
        if self._log.any():
            units = np.where(self._log > 0, self._log, 1).astype(np.float32)
            logged = ops.log1p(ops.divide(ops.maximum(values, 0.0), units))
            values = ops.where(self._log > 0, logged, values)
        return ops.divide(ops.subtract(values, self._center), self._scale)

    def _cut(self, scaled: Any) -> Any:
        """How far each number has come through each of its pieces."""
        values = ops.take(scaled, self._place, axis=1)
        return ops.clip(ops.divide(ops.subtract(values, self._low), self._width), 0.0, 1.0)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, int]:
        """`(batch, features)`; refuses another number of columns."""
        if len(input_shape) != 2 or input_shape[1] != len(self.columns):
            raise UserError(
                f"expected inputs of shape (batch, columns={len(self.columns)}). "
                f"Received: {tuple(input_shape)}"
            )
        slots = sum(1 + len(codes) for codes in self._codes.values())
        numbers = len(self._numeric) + len(self._place) + len(self._indicator)
        return (input_shape[0], numbers + slots)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Checks the number of columns."""
        self.compute_output_shape(input_shape)
        super().build(input_shape)

    def get_config(self) -> dict[str, Any]:
        """The columns, with all that was fitted."""
        columns = [dict(column) for column in self.columns]
        return {**super().get_config(), "columns": columns}


def _check_column(column: Mapping[str, Any], place: int) -> None:
    known = {"numeric": {*_NUMERIC, "indicator"}, "categorical": {"kind", "codes"}}
    where = f"`columns[{place}]`"
    kind = column.get("kind")
    if kind not in known:
        raise UserError(f"{where} must be of kind numeric or categorical. Received: {dict(column)}")
    unknown = sorted(set(column) - known[kind])
    if unknown:
        raise UserError(f"{where} has an unknown entry {unknown[0]!r}. Received: {dict(column)}")
    if kind == "categorical":
        codes = column.get("codes")
        if codes is None or len(set(codes)) != len(codes):
            raise UserError(f"{where} must have different `codes`. Received: {dict(column)}")
        return
    if not column.get("scale", 1.0) > 0 or not column.get("log", 0.0) >= 0:
        raise UserError(f"{where} must have scale > 0 and log >= 0. Received: {dict(column)}")
    if not all(low < high for low, high in itertools.pairwise(column.get("edges", ()))):
        raise UserError(f"{where} must have rising `edges`. Received: {dict(column)}")

"""What the table layer must know, taken from training rows."""

from typing import Any

import numpy as np

from kerasdl.data.inputs import Inputs
from kerasdl.data.table_preprocessing import TablePreprocessing
from kerasdl.errors import require

MOST_PIECES = 32
"""Pieces that a numeric column is cut into at most."""

_ROWS_A_PIECE = 200
_FEWEST_PIECES = 4
_MOST_FEATURES = 2048  # pieces of all columns together
_LONG_TAIL = 2.0  # skewness from which a positive column is taken by its logarithm


def fit_table(kind: str, train_x: np.ndarray, inputs: Inputs) -> TablePreprocessing:
    """The layer fitted to training rows; kinds as in `preprocessing`."""
    require("sklearn", "train", "preprocessing a table")
    described = inputs.matrix_columns
    numbers = sum(column.kind == "numeric" for column in described)
    pieces = _pieces(kind, len(train_x), numbers)
    return TablePreprocessing(
        [
            _numeric_column(kind, values, pieces)
            if column.kind == "numeric"
            else _codes_column(values)
            for column, values in zip(described, train_x.T.astype(np.float64), strict=True)
        ]
    )


def _pieces(kind: str, rows: int, numbers: int) -> int:
    if kind not in {"auto", "piecewise"} or not numbers:
        return 0
    pieces = min(MOST_PIECES, rows // _ROWS_A_PIECE, _MOST_FEATURES // numbers)
    if pieces >= _FEWEST_PIECES:
        return pieces
    return _FEWEST_PIECES if kind == "piecewise" else 0


def _codes_column(values: np.ndarray) -> dict[str, Any]:
    codes, counts = np.unique(values[~np.isnan(values)], return_counts=True)
    return {
        "kind": "categorical",
        "codes": [int(code) for code in codes[(counts >= 2) & (codes >= 0)]],
    }


def _numeric_column(kind: str, values: np.ndarray, pieces: int) -> dict[str, Any]:
    from sklearn.impute import SimpleImputer

    imputer = SimpleImputer(strategy="median", keep_empty_features=True)
    full = imputer.fit_transform(values[:, np.newaxis])
    unit = _log_unit(full) if kind in {"auto", "piecewise"} else 0.0
    scaled = np.log1p(full / unit) if unit else full
    center, scale = _scaler(kind, scaled)
    column = {
        "kind": "numeric",
        "fill": float(imputer.statistics_[0]),
        "log": unit,
        "center": center,
        "scale": scale,
        "indicator": bool(np.isnan(values).any()),
    }
    edges = _edges((scaled - center) / scale, pieces) if pieces else []
    return {**column, "edges": edges} if len(edges) > 2 else column


def _edges(scaled: np.ndarray, pieces: int) -> list[float]:
    """Values at the quantiles, those that differ in float32."""
    quantiles = np.quantile(scaled, np.linspace(0, 1, pieces + 1), method="inverted_cdf")
    return np.unique(quantiles.astype(np.float32)).tolist()


def _log_unit(full: np.ndarray) -> float:
    """The median of the positive values of a long-tailed column; 0 for any other."""
    positive = full[full > 0]
    if full.min() < 0 or not len(positive) or full.std() == 0:
        return 0.0
    skewness = np.mean(((full - full.mean()) / full.std()) ** 3)
    return float(np.median(positive)) if skewness > _LONG_TAIL else 0.0


def _scaler(kind: str, full: np.ndarray) -> tuple[float, float]:
    """Center and scale by scikit-learn's scaler of this kind."""
    from sklearn import preprocessing as scalers

    if kind == "none":
        return 0.0, 1.0
    if kind in {"unit", "symmetric"}:
        scaler = scalers.MinMaxScaler((0, 1) if kind == "unit" else (-1, 1)).fit(full)
        return float(-scaler.min_[0] / scaler.scale_[0]), float(1 / scaler.scale_[0])
    if kind == "robust":
        scaler = scalers.RobustScaler(unit_variance=True).fit(full)
        return float(scaler.center_[0]), float(scaler.scale_[0])
    scaler = scalers.StandardScaler(with_std=kind != "center").fit(full)
    return float(scaler.mean_[0]), float(1.0 if scaler.scale_ is None else scaler.scale_[0])

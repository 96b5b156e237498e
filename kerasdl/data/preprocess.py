"""Preprocessing layers fitted on training inputs, to stand at a model's entrance."""

from typing import TYPE_CHECKING

import numpy as np

from kerasdl.data.inputs import Inputs
from kerasdl.errors import UserError, did_you_mean

if TYPE_CHECKING:
    import keras

DATA_PREPROCESSING = (
    "auto",
    "none",
    "center",
    "standardize",
    "unit",
    "symmetric",
    "robust",
    "piecewise",
)

_AUTO = {"images": "unit", "arrays": "standardize", "series": "standardize", "table": "auto"}
_PIECE = 2**22  # values
_SMALLEST = 1e-5  # Keras's Normalization takes standard deviations below 1e-7 for 1e-7


def preprocessing(kind: str, train_x: np.ndarray, inputs: Inputs) -> list["keras.layers.Layer"]:
    """Keras layers that turn raw inputs into what a network learns well from.

    - `none`: as they are, bytes as floats. `center`: minus the mean. `standardize`: that, by the
      standard deviation.
    - `unit`: smallest to largest value onto [0, 1]. `symmetric`: onto [-1, 1].
    - `robust`: minus the median, by the spread of the middle half (as a standard deviation).
    - `piecewise`: tables only: `standardize`, long-tailed positive columns by their logarithm, and
      beside each number its place among its training quantiles, piece by piece.
    - `auto`: images `unit`, arrays and series `standardize`; tables `piecewise`, with 32 pieces or
      fewer, one for every 200 training rows and none below 800, so that a small table is only
      standardized; texts `none`.

    Statistics are taken of `train_x` alone: give the training split. Images: per channel; `unit`
    and `symmetric` by the range of a pixel where it is known. Arrays: per feature. Tables: per
    column, and with any kind their gaps are filled with the median, a column of 0/1 is added for
    each that has gaps in training, and categories become one-hot, those seen less than twice in
    training as unknown. A feature that never changes is not scaled.

    Args:
        kind: One of `DATA_PREPROCESSING`.
        train_x: Training inputs, raw.
        inputs: Their form.

    Returns:
        A list of layers, to be called one after the other; empty if nothing is to be done. They
        compute in float32 under any policy and hold their statistics in their configuration.

    Raises:
        UserError: If `kind` is unknown, does not apply, or scales what are numbers of words.

    Reference: Gorishniy et al., 2022, section 3.2, https://arxiv.org/abs/2203.05556 (`piecewise`)
    """
    if kind not in DATA_PREPROCESSING:
        raise UserError(
            f"`preprocessing` must be one of {', '.join(DATA_PREPROCESSING)}. "
            f"Received: {kind!r}.{did_you_mean(kind, DATA_PREPROCESSING)}"
        )
    if inputs.kind in {"tokens", "words"}:
        if kind not in {"auto", "none"}:
            raise UserError(
                f"`preprocessing` of texts must be none: their numbers stand for tokens. "
                f"Received: {kind!r}"
            )
        return []
    kind = _AUTO[inputs.kind] if kind == "auto" else kind
    if inputs.kind == "table":
        from kerasdl.data.table_fitting import fit_table

        return [fit_table(kind, train_x, inputs)]
    if kind == "piecewise":
        raise UserError(f"`preprocessing='piecewise'` is for tables. Received: {inputs.kind}")
    if kind == "none":
        return [_rescaling("unit", (0.0, 1.0))] if np.issubdtype(inputs.dtype, np.integer) else []
    if inputs.kind == "images" and kind in {"unit", "symmetric"}:
        return [_rescaling(kind, inputs.value_range or _range(train_x))]
    axes = tuple(range(train_x.ndim - 1))
    return _normalization(*_statistics(kind, train_x, axes))


def _range(x: np.ndarray) -> tuple[float, float]:
    return float(x.min()), float(x.max())


def _rescaling(kind: str, value_range: tuple[float, float]) -> "keras.layers.Layer":
    import keras

    low, high = value_range
    width = (high - low) or 1.0
    if kind == "unit":
        scale, offset = 1 / width, -low / width
    else:
        scale, offset = 2 / width, -1 - 2 * low / width
    return keras.layers.Rescaling(scale, offset, dtype="float32")


def _statistics(kind: str, x: np.ndarray, axes: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """What to subtract, and what to divide by, in float64; the latter is never 0."""
    if kind == "center":
        center = x.mean(axis=axes, dtype=np.float64)
        return center, np.ones_like(center)
    if kind == "standardize":
        center = x.mean(axis=axes, dtype=np.float64)
        scale = _deviation(x, axes, center)
    elif kind == "robust":
        low, center, high = np.quantile(x, (0.25, 0.5, 0.75), axis=axes)
        scale = (high - low) / 1.3489795  # a normal distribution has its quartiles this far apart
    else:
        low, high = x.min(axis=axes).astype(np.float64), x.max(axis=axes).astype(np.float64)
        center, scale = (
            (low, high - low) if kind == "unit" else ((low + high) / 2, (high - low) / 2)
        )
    return center, np.where(scale > 0, scale, 1.0)


def _deviation(x: np.ndarray, axes: tuple[int, ...], center: np.ndarray) -> np.ndarray:
    """Standard deviation in float64, a piece at a time: images need no eightfold copy."""
    pieces = np.array_split(x, max(1, x.size // _PIECE))
    squares = sum(np.square(piece - center).sum(axis=axes) for piece in pieces)
    return np.sqrt(squares / (x.size / center.size))


def _normalization(center: np.ndarray, scale: np.ndarray) -> list["keras.layers.Layer"]:
    import keras

    layers: list[keras.layers.Layer] = []
    smallest = float(scale.min())
    if smallest < _SMALLEST:
        layers.append(keras.layers.Rescaling(1 / smallest, dtype="float32"))
        center, scale = center / smallest, scale / smallest
    mean, variance = center.tolist(), np.square(scale).tolist()
    layers.append(keras.layers.Normalization(-1, mean=mean, variance=variance, dtype="float32"))
    return layers

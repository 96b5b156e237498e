"""Looks at inputs that are numbers."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from kerasdl.data.finding import Finding
from kerasdl.data.records import Data

LOOKED_AT = 20_000
"""Samples at most that statistics are taken of."""
_SHOWN = 5
_FAR = 10.0
"""Means beyond so many, or spreads beyond a hundred times another's, are far from standard."""
_DONE = {
    "auto": "Preprocessing brings every feature to mean 0 and deviation 1",
    "standardize": "Preprocessing brings every feature to mean 0 and deviation 1",
    "piecewise": "Preprocessing brings every feature to mean 0 and deviation 1",
    "robust": "Preprocessing brings every feature to median 0 and a middle half of usual width",
    "unit": "Preprocessing brings every feature onto [0, 1]",
    "symmetric": "Preprocessing brings every feature onto [-1, 1]",
}


def spaced(x: np.ndarray) -> np.ndarray:
    """Evenly spaced samples, few enough."""
    return x[:: max(1, -(-len(x) // LOOKED_AT))]


def gaps(data: Data, preprocessing: str) -> Iterator[Finding]:
    """Columns of a table that are empty in many rows."""
    if data.inputs.kind != "table":
        return
    share = np.isnan(data.train.x).mean(axis=0)
    names = _names(data, data.train.x.shape[1])
    holed = [(names[i], float(share[i])) for i in np.argsort(-share) if share[i] > 0]
    if holed:
        grave = holed[0][1] >= 0.5
        yield Finding(
            check="gaps",
            level="warning" if grave else "note",
            message=f"{len(holed)} of {len(names)} columns have gaps, most "
            f"{holed[0][0]!r} with {holed[0][1]:.0%} of its rows",
            advice="They are filled with the median, and a column of 0 and 1 says where"
            + ("; leave out what is mostly empty" if grave else ""),
            evidence={"share": dict(holed[:_SHOWN]), "columns": len(holed)},
        )


def constant(data: Data, preprocessing: str) -> Iterator[Finding]:
    """Features that never change in training."""
    x = _features(data)
    if x is None or data.inputs.kind == "images":
        return
    few = spaced(x)
    with np.errstate(invalid="ignore"):
        candidates = np.flatnonzero((few == few[0]).all(axis=0) | _all_nan(few))
    still = [i for i in candidates if len(np.unique(x[:, i])) < 2]
    if still:
        names = _names(data, x.shape[1])
        every = len(still) == x.shape[1]
        yield Finding(
            check="constant",
            level="warning",
            message=f"{len(still)} of {x.shape[1]} features have one value in all training "
            f"samples: {listed([names[i] for i in still])}",
            advice="There is nothing to learn from these inputs"
            if every
            else "They are not scaled and teach nothing; leave them out, or see why",
            evidence={"features": [names[i] for i in still[:_SHOWN]], "count": len(still)},
        )


def blank(data: Data, preprocessing: str) -> Iterator[Finding]:
    """Images of one colour."""
    if data.inputs.kind != "images":
        return
    for part, samples in data.parts.items():
        flat = samples.x.reshape(len(samples), -1, samples.x.shape[-1])
        first = flat[:, :1]
        # Most images differ in a few places already; the others are looked at whole.
        quick = np.flatnonzero((flat[:, :: max(1, flat.shape[1] // 16)] == first).all(axis=(1, 2)))
        found = quick[(flat[quick] == first[quick]).all(axis=(1, 2))]
        if len(found):
            yield Finding(
                check="blank",
                level="warning",
                message=f"{len(found)} of {len(samples)} images ({part}) are of one colour, the "
                f"first at {listed(found)}",
                advice="Look at them: a file that was not read, or a label for nothing",
                evidence={"part": part, "count": len(found), "first": found[:_SHOWN].tolist()},
            )


def far_from_standard(data: Data, preprocessing: str) -> Iterator[Finding]:
    """Features whose means or spreads are far from 0 and 1, or from each other."""
    x = _features(data)
    if x is None or data.inputs.kind == "images" or x.shape[1] == 0:
        return
    numeric = _numeric(data, x.shape[1])
    few = spaced(x)[:, numeric].astype(np.float64)
    few = few[:, ~_all_nan(few)]
    if few.size == 0:
        return
    names = [name for name, used in zip(_names(data, x.shape[1]), numeric, strict=True) if used]
    mean, spread = np.nanmean(few, axis=0), np.nanstd(few, axis=0)
    real = spread > 0
    if not real.any():
        return
    low, high = float(spread[real].min()), float(spread[real].max())
    offset = float(np.abs(mean / np.where(real, spread, np.inf)).max())
    if high <= 100 * low and offset <= _FAR and 0.01 <= high <= 100:
        return
    widest, narrowest = int(np.argmax(spread)), int(np.argmin(np.where(real, spread, np.inf)))
    done = _DONE.get(preprocessing)
    yield Finding(
        check="scale",
        level="note" if done else "warning",
        message=f"standard deviations reach from {low:.3g} ({names[narrowest]}) to {high:.3g} "
        f"({names[widest]}); the mean is up to {offset:.3g} of them from 0",
        advice=done
        or "Without scaling a network learns slowly or not at all from them: take `standardize`",
        evidence={"deviations": [low, high], "offset": offset, "preprocessing": preprocessing},
    )


def drifting(data: Data, preprocessing: str) -> Iterator[Finding]:
    """Columns of a series that lie elsewhere in the test than in training."""
    if data.task != "forecasting" or data.test is None or data.train.x.ndim != 2:
        return
    mean, spread = data.train.x.mean(axis=0), data.train.x.std(axis=0)
    away = np.abs(data.test.x.mean(axis=0) - mean) / np.where(spread > 0, spread, np.inf)
    names = _names(data, len(mean))
    found = [(names[i], float(away[i])) for i in np.argsort(-away) if away[i] > 2]
    if found:
        yield Finding(
            check="drift",
            level="warning",
            message=f"{len(found)} of {len(names)} columns lie elsewhere in the test: the mean of "
            f"{found[0][0]!r} by {found[0][1]:.1f} standard deviations",
            advice="A network forecasts what it saw; forecast differences, or a network that "
            "normalizes each window",
            evidence={"deviations": dict(found[:_SHOWN])},
        )


def _features(data: Data) -> np.ndarray | None:
    x = data.train.x
    return x.reshape(len(x), -1) if x.dtype.kind in "fiub" else None


def _names(data: Data, count: int) -> list[str]:
    columns = [column.name for column in data.inputs.matrix_columns]
    return columns if len(columns) == count else [f"feature {i}" for i in range(count)]


def _numeric(data: Data, count: int) -> np.ndarray:
    columns = data.inputs.matrix_columns
    if len(columns) != count:
        return np.ones(count, bool)
    return np.array([column.kind != "categorical" for column in columns])


def _all_nan(x: np.ndarray) -> np.ndarray:
    return np.isnan(x).all(axis=0) if x.dtype.kind == "f" else np.zeros(x.shape[1], bool)


def listed(names: Sequence[Any] | np.ndarray) -> str:
    """The first few, and how many more."""
    shown = ", ".join(map(str, names[:_SHOWN]))
    return shown + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")

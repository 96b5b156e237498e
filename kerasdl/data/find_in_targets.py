"""Looks at targets."""

from collections.abc import Iterator

import numpy as np

from kerasdl.data.find_in_inputs import listed
from kerasdl.data.finding import Finding
from kerasdl.data.records import SINGLE_LABEL_TASKS, Data

_FEW = 5
_SHOWN = 5


def imbalance(data: Data, preprocessing: str) -> Iterator[Finding]:
    """Classes that are rare beside others, or of which there are few samples."""
    counts = _counts(data)
    if counts is None or counts.sum() == 0:
        return
    names, there = _names(data), counts[counts > 0]
    largest, smallest = int(counts.argmax()), int(np.where(counts > 0, counts, 2**62).argmin())
    few = [names[i] for i in np.flatnonzero((counts > 0) & (counts < _FEW))]
    if there.max() < 10 * there.min() and not few:
        return
    share = counts.max() / counts.sum()
    yield Finding(
        check="imbalance",
        level="warning",
        message=f"the training samples are {counts[largest]} of {names[largest]} and "
        f"{counts[smallest]} of {names[smallest]}"
        + (f"; {len(few)} classes have fewer than {_FEW}" if few else ""),
        advice=f"Always saying {names[largest]} is right in {share:.1%}: look at each class's "
        "figures, not at accuracy alone",
        evidence={
            "counts": {names[i]: int(counts[i]) for i in np.argsort(counts)[:_SHOWN]},
            "largest": {names[largest]: int(counts[largest])},
            "chance": float(share),
        },
    )


def absent(data: Data, preprocessing: str) -> Iterator[Finding]:
    """Classes without a sample in a split."""
    counts = _counts(data)
    if counts is None:
        return
    names = _names(data)
    for part, samples in data.parts.items():
        if samples.y is None:
            continue
        own = np.bincount(samples.y, minlength=data.outputs)
        missing = [names[i] for i in np.flatnonzero(own == 0)]
        if not missing:
            continue
        what = "can never be said" if part == "train" else f"are not measured by {part}"
        yield Finding(
            check="absent",
            level="warning" if part == "train" else "note",
            message=f"{len(missing)} of {data.outputs} classes have no sample ({part}): "
            f"{listed(missing)}",
            advice=f"They {what}; add samples, or leave the classes out",
            evidence={"part": part, "classes": missing[:_SHOWN], "count": len(missing)},
        )


def lopsided(data: Data, preprocessing: str) -> Iterator[Finding]:
    """Labels of which each may hold or not, that nearly always do or never."""
    if data.task != "multi-label-classification" or data.train.y is None:
        return
    share = data.train.y.mean(axis=0)
    names = list(data.target_names) or [str(i) for i in range(data.outputs)]
    odd = {
        names[i]: round(float(share[i]), 5) for i in np.flatnonzero((share < 0.01) | (share > 0.99))
    }
    if odd:
        yield Finding(
            check="imbalance",
            level="warning",
            message=f"{len(odd)} of {len(names)} labels hold for less than 1 % or more than 99 % "
            f"of the training samples: {listed(list(odd))}",
            advice="Look at precision and recall of each, not at accuracy",
            evidence={"share": dict(list(odd.items())[:_SHOWN])},
        )


def odd_values(data: Data, preprocessing: str) -> Iterator[Finding]:
    """Values to predict that never change, or lie far outside the others."""
    if data.task != "tabular-regression" or data.train.y is None:
        return
    names = list(data.target_names) or [f"target {i}" for i in range(data.train.y.shape[1])]
    for name, y in zip(names, data.train.y.T.astype(np.float64), strict=True):
        low, median, high = np.quantile(y, (0.25, 0.5, 0.75))
        if y.min() == y.max():
            yield Finding(
                check="constant",
                level="warning",
                message=f"{name!r} is {y[0]:.6g} in all training samples",
                advice="There is nothing to learn: choose another target",
                evidence={"target": name, "value": float(y[0])},
            )
            continue
        reach = 10 * max(high - low, 1e-12 * abs(median))
        far = np.flatnonzero((y < low - reach) | (y > high + reach)) if high > low else ()
        if len(far):
            yield Finding(
                check="outliers",
                level="warning",
                message=f"{len(far)} values of {name!r} lie beyond 10 times the middle half's "
                f"width, such as {y[far[0]]:.6g} (median {median:.6g})",
                advice="See whether they are real; if so, the loss `huber` or the target's "
                "logarithm keeps them from deciding all",
                evidence={
                    "target": name,
                    "count": len(far),
                    "first": far[:_SHOWN].tolist(),
                    "quartiles": [float(low), float(median), float(high)],
                },
            )


def _counts(data: Data) -> np.ndarray | None:
    if data.task not in SINGLE_LABEL_TASKS or data.train.y is None:
        return None
    return np.bincount(data.train.y, minlength=data.outputs)


def _names(data: Data) -> list[str]:
    return [repr(name) for name in data.classes or range(data.outputs)]

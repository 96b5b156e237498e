"""Looks for the same sample in several places."""

from collections.abc import Hashable, Iterator
from typing import Any

import numpy as np

from kerasdl.data.finding import Finding
from kerasdl.data.records import CONTIGUOUS_TASKS, SINGLE_LABEL_TASKS, Data, Samples

_SHOWN = 5
_MANY = 0.01
"""Share of the samples from which on it is a warning."""


def shared(data: Data, preprocessing: str) -> Iterator[Finding]:
    """Inputs of the validation or the test split that are in training too."""
    if not _compared(data):
        return
    seen = _places(data.train)
    for part in ("validation", "test"):
        samples = data.parts.get(part)
        if samples is None or not len(samples):
            continue
        pairs = [(i, seen[key]) for i, key in enumerate(_keys(samples)) if key in seen]
        if not pairs:
            continue
        share = len(pairs) / len(samples)
        first = ", ".join(f"{own} = train {other}" for own, other in pairs[:_SHOWN])
        yield Finding(
            check="duplicates",
            level="warning" if share >= _MANY else "note",
            message=f"{len(pairs)} of {len(samples)} samples ({part}) are in training too: {first}",
            advice=f"The figures of {part} are better than they should be; take them out",
            evidence={"part": part, "count": len(pairs), "first": pairs[:_SHOWN]},
        )


def conflicts(data: Data, preprocessing: str) -> Iterator[Finding]:
    """Equal inputs in training with unequal labels."""
    if not _compared(data) or data.task not in SINGLE_LABEL_TASKS or data.train.y is None:
        return
    seen = _places(data.train)
    y = data.train.y
    pairs = [(seen[key], i) for i, key in enumerate(_keys(data.train)) if y[seen[key]] != y[i]]
    if pairs:
        share = len(pairs) / len(y)
        first = ", ".join(f"{one} and {other}" for one, other in pairs[:_SHOWN])
        yield Finding(
            check="conflicts",
            level="warning" if share >= _MANY else "note",
            message=f"{len(pairs)} training samples are equal to another of a different class: "
            f"{first}",
            advice="One of the two is labelled wrong, or what tells them apart is missing",
            evidence={"count": len(pairs), "first": pairs[:_SHOWN]},
        )


def repeated(data: Data, preprocessing: str) -> Iterator[Finding]:
    """Inputs that are several times in training."""
    if not _compared(data):
        return
    seen = _places(data.train)
    count = len(data.train) - len(seen)
    if count >= _MANY * len(data.train):
        pairs = [(seen[key], i) for i, key in enumerate(_keys(data.train)) if seen[key] != i]
        first = ", ".join(f"{one} = {other}" for one, other in pairs[:_SHOWN])
        yield Finding(
            check="repeated",
            level="note",
            message=f"{count} of {len(data.train)} training samples are there before: {first}",
            advice="They weigh more than others; take them out unless that is meant",
            evidence={"count": count, "first": pairs[:_SHOWN]},
        )


def _compared(data: Data) -> bool:
    return data.task not in CONTIGUOUS_TASKS


def _places(samples: Samples) -> dict[Hashable, int]:
    """The first place of each input."""
    places: dict[Hashable, int] = {}
    for place, key in enumerate(_keys(samples)):
        places.setdefault(key, place)
    return places


def _keys(samples: Samples) -> Iterator[Hashable]:
    """What is equal where inputs are."""
    x = samples.x
    if x.dtype == object:
        yield from (_hashable(entry) for entry in x)
        return
    rows = np.ascontiguousarray(x).reshape(len(x), -1)
    yield from (row.tobytes() for row in rows)


def _hashable(entry: Any) -> Hashable:
    return tuple(map(_hashable, entry)) if isinstance(entry, list | tuple) else entry

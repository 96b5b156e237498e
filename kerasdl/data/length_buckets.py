"""Few shapes for sequences of many lengths."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Bucket:
    """Samples that are padded to the same lengths.

    `samples` are numbers in rising order; `lengths` is the bound of each axis of length; what fills
    no batch here goes on to bucket `next`, whose bounds are no smaller (`None`: the last).
    """

    samples: np.ndarray
    lengths: tuple[int, ...]
    next: int | None


def buckets(lengths: np.ndarray, count: int) -> list[Bucket]:
    """At most `count` buckets with little padding, the last of which holds the longest samples.

    Begins with one bucket and parts, again and again, the one whose parting saves the most padded
    places: its samples of at most `t` on one axis get the bound `t` there, the rest keeps the
    bounds. So the rest takes in what fills no batch of the shorter ones.

    Shapes: `lengths` `(samples, axes)`.
    """
    members = [np.arange(len(lengths))]
    bounds = [lengths.max(axis=0)]
    following: list[int | None] = [None]
    while len(members) < count:
        splits = [_best_split(lengths[m], b) for m, b in zip(members, bounds, strict=True)]
        place = max(range(len(splits)), key=lambda p: splits[p][0])
        saved, axis, length = splits[place]
        if saved == 0:
            break
        short = lengths[members[place], axis] <= length
        lower = bounds[place].copy()
        lower[axis] = length
        # The rest stays at its place, so that what goes on to this bucket still fits.
        members.append(members[place][short])
        bounds.append(lower)
        following.append(place)
        members[place] = members[place][~short]
    return _in_order(members, bounds, following)


def _best_split(lengths: np.ndarray, bounds: np.ndarray) -> tuple[int, int, int]:
    """Places saved, axis, and the length that parts; 0 places where nothing can be parted."""
    best = (0, 0, 0)
    for axis, bound in enumerate(bounds):
        values, counts = np.unique(lengths[:, axis], return_counts=True)
        if len(values) < 2:
            continue
        saved = np.cumsum(counts)[:-1] * (bound - values[:-1])
        place = int(np.argmax(saved))
        best = max(best, (int(saved[place]), axis, int(values[place])), key=lambda s: s[0])
    return best


def _in_order(
    members: list[np.ndarray], bounds: list[np.ndarray], following: list[int | None]
) -> list[Bucket]:
    """Newest first: a bucket's next one is always older."""
    last = len(members) - 1
    return [
        Bucket(
            samples=members[place],
            lengths=tuple(int(length) for length in bounds[place]),
            next=None if following[place] is None else last - following[place],
        )
        for place in range(last, -1, -1)
    ]

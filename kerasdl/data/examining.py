"""A look at split data before anything is trained on it."""

from collections.abc import Callable, Iterator

from kerasdl.data.find_duplicates import conflicts, repeated, shared
from kerasdl.data.find_in_inputs import blank, constant, drifting, far_from_standard, gaps
from kerasdl.data.find_in_targets import absent, imbalance, lopsided, odd_values
from kerasdl.data.find_in_texts import empty_texts, long_tailed
from kerasdl.data.finding import Finding
from kerasdl.data.records import Data

_CHECKS: tuple[Callable[[Data, str], Iterator[Finding]], ...] = (
    *(gaps, constant, blank, far_from_standard, drifting),
    *(imbalance, absent, lopsided, odd_values),
    *(shared, conflicts, repeated),
    *(empty_texts, long_tailed),
)


def examine(data: Data, preprocessing: str = "auto") -> tuple[Finding, ...]:
    """What is suspicious about data that can be trained on, the gravest first.

    What no network can be trained on (NaN and infinity, labels outside the classes, a single
    class, unequal lengths) is refused by `load` already. Here: gaps, features that never change,
    blank images, values far from standard and what the preprocessing does about it, columns of a
    series that lie elsewhere in the test; classes that are rare, absent or rule, labels nearly
    always or never set, targets far outside; samples in two splits, repeated, or with two labels;
    empty texts, and a few that are much longer than the others.

    Samples are compared whole. Other statistics are taken of at most 20,000 of the training
    samples, evenly spaced.

    Args:
        data: What `split` returned, before `prepare`.
        preprocessing: How inputs will be scaled; see `kerasdl.data.preprocessing`.

    Example:
        >>> from kerasdl.data import load, split
        >>> [found.check for found in examine(split(load("digits"), seed=0))]
        []
    """
    found = [finding for check in _CHECKS for finding in check(data, preprocessing)]
    return tuple(sorted(found, key=lambda finding: finding.level != "warning"))

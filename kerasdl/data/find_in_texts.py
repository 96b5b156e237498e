"""Looks at texts."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from kerasdl.data.finding import Finding
from kerasdl.data.records import CONTIGUOUS_TASKS, Data

_SHOWN = 5


def empty_texts(data: Data, preprocessing: str) -> Iterator[Finding]:
    """Texts, or targets that are texts, with nothing in them."""
    if data.task in CONTIGUOUS_TASKS:
        return  # empty lines are a part of a running text
    for part, samples in data.parts.items():
        for what, values in (("texts", samples.x), ("targets", samples.y)):
            if values is None or values.dtype != object:
                continue
            found = [i for i, text in enumerate(values) if not _filled(text)]
            if found:
                yield Finding(
                    check="empty",
                    level="warning",
                    message=f"{len(found)} of {len(values)} {what} ({part}) are empty, the first "
                    f"at {', '.join(map(str, found[:_SHOWN]))}",
                    advice="There is nothing to read in them; take them out",
                    evidence={"part": part, "what": what, "count": len(found)},
                )


def long_tailed(data: Data, preprocessing: str) -> Iterator[Finding]:
    """A few texts much longer than the others: they decide how much is padded."""
    x = data.train.x
    if data.inputs.kind != "texts" or data.task in CONTIGUOUS_TASKS or not len(x):
        return
    lengths = np.array([len(text) for text in x])
    usual, longest = float(np.quantile(lengths, 0.95)), int(lengths.max())
    if longest > 10 * max(usual, 1.0):
        yield Finding(
            check="lengths",
            level="note",
            message=f"95 % of the texts are at most {usual:.0f} long, one is {longest} "
            f"({int(lengths.argmax())})",
            advice="`context` cuts those that are longer",
            evidence={"quantile_95": usual, "longest": longest, "at": int(lengths.argmax())},
        )


def _filled(text: Any) -> bool:
    return bool(text.strip()) if isinstance(text, str) else len(text) > 0

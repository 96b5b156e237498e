"""Weights of an attention over the tokens of an input."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from kerasdl.plots.figure import new_figure, save

_MOST = 40  # tokens a side


def attention(
    weights: Sequence[np.ndarray],
    rows: Sequence[Sequence[str]],
    columns: Sequence[Sequence[str]],
    path: str | Path,
) -> Path:
    """A table of shades for each text: a row a token written, a column a token looked at.

    Args:
        weights: For each text `(written, read)`, each row of sum 1 at most.
        rows: Tokens written.
        columns: Tokens read.
        path: Where the PNG goes.
    """
    across = min(2, len(weights))
    down = -(-len(weights) // across)
    longest = min(_MOST, max(map(len, columns)))
    tallest = min(_MOST, max(map(len, rows)))
    width, height = max(3.2, 0.2 * longest + 1.2), max(2.2, 0.2 * tallest + 1.0)
    figure = new_figure(across * width, down * height)
    for place, (own, said, read) in enumerate(zip(weights, rows, columns, strict=True)):
        axes = figure.add_subplot(down, across, place + 1)
        said, read = list(said)[:_MOST], list(read)[:_MOST]
        axes.imshow(own[: len(said), : len(read)], cmap="Greys", vmin=0, vmax=1, aspect="auto")
        axes.set_xticks(range(len(read)), [shown(token) for token in read], rotation=90, size=7)
        axes.set_yticks(range(len(said)), [shown(token) for token in said], size=7)
        axes.xaxis.tick_top()
        axes.tick_params(length=0)
    return save(figure, path)


def shown(token: str) -> str:
    """A token as it can be read in a picture."""
    return {" ": "␣", "\n": "⏎", "\t": "⇥"}.get(token, token.replace("$", r"\$"))

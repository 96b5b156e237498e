"""Which class is taken for which."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from kerasdl.plots.figure import new_figure, save


def confusion_matrix(
    labels: np.ndarray, predicted: np.ndarray, classes: Sequence[str], path: str | Path
) -> Path:
    """Counts by true (rows) and predicted (columns) class, coloured by share of the row.

    Args:
        labels: `(N,)` integers.
        predicted: `(N,)` integers.
        classes: Names by integer.
        path: Where the PNG goes.
    """
    size = len(classes)
    counts = np.zeros((size, size), dtype=int)
    np.add.at(counts, (labels, predicted), 1)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = min(14.0, 2.4 + 0.55 * size)
    figure = new_figure(side, side)
    axes = figure.add_subplot()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    if size <= 25:
        for row, column in np.argwhere(counts > 0):
            colour = "white" if shares[row, column] > 0.5 else "#333333"
            axes.text(
                column, row, counts[row, column], ha="center", va="center", color=colour, size=9
            )
    if size <= 40:
        turned = max(map(len, classes)) > 3
        axes.set_xticks(
            range(size), classes, rotation=45 if turned else 0, ha="right" if turned else "center"
        )
        axes.set_yticks(range(size), classes)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    axes.set_title(f"{(labels == predicted).mean():.2%} of {len(labels)} right")
    return save(figure, path)

"""Learning rates over steps."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from kerasdl.plots.figure import COLOURS, new_figure, save, tidy

_COLUMNS = 3


def schedules(curves: Mapping[str, np.ndarray], steps: Sequence[int], path: str | Path) -> Path:
    """Rates over steps, a panel each, all with the same axes.

    Args:
        curves: `(N,)` rates by name.
        steps: `(N,)`, the steps that all curves are given at.
        path: Where the PNG goes.
    """
    columns = min(_COLUMNS, len(curves))
    rows = -(-len(curves) // columns)
    alone = len(curves) == 1
    figure = new_figure(6.4 if alone else 3.4 * columns, 3.4 if alone else 2.3 * rows)
    highest = max(float(np.max(rates)) for rates in curves.values())
    for index, (name, rates) in enumerate(curves.items()):
        axes = tidy(figure.add_subplot(rows, columns, index + 1))
        axes.plot(steps, rates, color=COLOURS[index % len(COLOURS)], linewidth=1.8)
        axes.set_xlim(steps[0], max(steps[-1], steps[0] + 1))
        axes.set_ylim(0, 1.05 * highest or 1)
        axes.ticklabel_format(axis="y", style="sci", scilimits=(-3, 3))
        axes.set_title(name, size=10 if alone else 8.5)
        if index >= len(curves) - columns:
            axes.set_xlabel("step")
        if index % columns == 0:
            axes.set_ylabel("learning rate")
    return save(figure, path)

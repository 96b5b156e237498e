"""Learning rates over steps."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from kerasdl.plots.figure import COLOURS, new_figure, save, tidy


def schedules(curves: Mapping[str, np.ndarray], steps: Sequence[int], path: str | Path) -> Path:
    """Rates over steps, a line each.

    Args:
        curves: `(N,)` rates by name.
        steps: `(N,)`, the steps that all curves are given at.
        path: Where the PNG goes.
    """
    figure = new_figure(7.2, 3.6)
    axes = tidy(figure.add_subplot())
    for index, (name, rates) in enumerate(curves.items()):
        axes.plot(steps, rates, label=name, color=COLOURS[index % len(COLOURS)], linewidth=1.6)
    axes.set_xlabel("step")
    axes.set_ylabel("learning rate")
    axes.set_xlim(steps[0], max(steps[-1], steps[0] + 1))
    axes.set_ylim(bottom=0)
    axes.ticklabel_format(axis="y", style="sci", scilimits=(-3, 3))
    if len(curves) == 1:
        axes.set_title(next(iter(curves)), size=10)
    else:
        figure.legend(loc="outside right upper", frameon=False)
    return save(figure, path)

"""Predicted values against true ones."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kerasdl.plots.figure import COLOURS, new_figure, save, tidy


def residuals(
    targets: np.ndarray, predicted: np.ndarray, names: Sequence[str], path: str | Path
) -> Path:
    """For each output: predicted against true, and the distribution of the errors.

    Args:
        targets: `(N, outputs)`.
        predicted: `(N, outputs)`.
        names: Name of each output.
        path: Where the PNG goes.
    """
    shown = min(len(names), 4)
    figure = new_figure(8.4, 3.6 * shown)
    for row in range(shown):
        true, said = targets[:, row], predicted[:, row]
        axes = tidy(figure.add_subplot(shown, 2, 2 * row + 1))
        axes.scatter(true, said, s=6, alpha=0.35, color=COLOURS[0], linewidths=0)
        ends = [min(true.min(), said.min()), max(true.max(), said.max())]
        axes.plot(ends, ends, color=COLOURS[1], linewidth=1)
        axes.set_xlabel(f"true {names[row]}")
        axes.set_ylabel("predicted")
        _few_ticks(axes)
        axes = tidy(figure.add_subplot(shown, 2, 2 * row + 2))
        errors = said.astype("float64") - true
        middle = errors.mean()
        reach = max(np.abs(errors - middle).max(), 1e-6 * max(abs(middle), 1.0))  # all may be equal
        bins = min(50, max(10, len(true) // 20))
        axes.hist(errors, bins=bins, range=(middle - reach, middle + reach), color=COLOURS[0])
        axes.axvline(0, color=COLOURS[1], linewidth=1)
        axes.set_xlabel("predicted - true")
        _few_ticks(axes)
        axes.set_ylabel("samples")
    return save(figure, path)


def _few_ticks(axes: Any) -> None:
    """Values as long as 500,000 must not run into one another."""
    axes.xaxis.get_major_locator().set_params(nbins=5)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(lambda value, _: f"{value:,.6g}")

"""Forecasts beside what came."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from kerasdl.plots.figure import COLOURS, new_figure, save, tidy

_SERIES, _WINDOWS = 4, 3


def forecasts(
    seen: np.ndarray,
    came: np.ndarray,
    forecast: np.ndarray,
    names: Sequence[str],
    path: str | Path,
) -> Path:
    """For some windows of each series what was seen, what came and what was forecast.

    Args:
        seen: `(N, context, outputs)`.
        came: `(N, horizon, outputs)`.
        forecast: Likewise.
        names: Of the series.
        path: Where the PNG goes.
    """
    down, across = min(_SERIES, len(names)), min(_WINDOWS, len(came))
    windows = np.linspace(0, len(came) - 1, across).astype(int)
    horizon = came.shape[1]
    context = min(seen.shape[1], 2 * horizon)
    figure = new_figure(3.6 * across, 1.9 * down)
    past, ahead = np.arange(-context, 0), np.arange(horizon)
    for row in range(down):
        for column, window in enumerate(windows):
            axes = tidy(figure.add_subplot(down, across, row * across + column + 1))
            axes.plot(past, seen[window, -context:, row], color="#888888", linewidth=1)
            axes.plot(ahead, came[window, :, row], color=COLOURS[0], linewidth=1.2, label="came")
            axes.plot(
                ahead, forecast[window, :, row], color=COLOURS[1], linewidth=1.2, label="forecast"
            )
            axes.set_title(f"{names[row]}, window {window}", size=8)
            axes.tick_params(labelsize=7)
            if row == column == 0:
                axes.legend(fontsize=7, frameon=False)
    return save(figure, path)

"""The loss under a growing learning rate."""

from pathlib import Path

import numpy as np

from kerasdl.plots.figure import COLOURS, new_figure, save, tidy


def learning_rate_range(
    rates: np.ndarray,
    losses: np.ndarray,
    smoothed: np.ndarray,
    suggested: float,
    chosen: float,
    path: str | Path,
) -> Path:
    """A learning-rate range test.

    Args:
        rates: `(N,)`, growing.
        losses: `(N,)`, of the step at each rate.
        smoothed: `(N,)`, the same smoothed.
        suggested: The rate that the test suggests.
        chosen: The rate in use.
        path: Where the PNG goes.
    """
    figure = new_figure(6.4, 3.8)
    axes = tidy(figure.add_subplot())
    axes.plot(rates, losses, color="#bbbbbb", linewidth=1)
    axes.plot(rates, smoothed, color=COLOURS[0], linewidth=1.8, label="smoothed loss")
    for rate, colour, name in (
        (suggested, COLOURS[3], "suggested"),
        (chosen, COLOURS[1], "yours"),
    ):
        axes.axvline(rate, color=colour, linewidth=1.2, label=f"{name}: {rate:.2g}")
    low, high = float(smoothed.min()), float(smoothed[: max(1, len(smoothed) // 2)].max())
    axes.set_ylim(low - 0.1 * (high - low), high + 0.6 * (high - low) or None)
    axes.set_xscale("log")
    axes.set_xlabel("learning rate, growing with each step")
    axes.set_ylabel("loss")
    axes.legend(frameon=False, fontsize=8)
    return save(figure, path)

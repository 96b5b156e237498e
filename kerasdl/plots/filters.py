"""What the first layer of a network looks for."""

import math
from pathlib import Path

import numpy as np

from kerasdl.plots.figure import new_figure, save
from kerasdl.plots.image_cells import bare


def filters(kernels: np.ndarray, path: str | Path, layer: str = "", most: int = 64) -> Path:
    """A grid of filters, all on one scale: zero in the middle between dark and light.

    Three channels are shown as colours, other numbers of channels by their mean.

    Args:
        kernels: `(filters, height, width, channels)`.
        path: Where the PNG goes.
        layer: The layer's name, for the title.
        most: How many to show at most.
    """
    shown = _shades(np.asarray(kernels, "float64"))[:most]
    count = len(shown)
    columns = min(count, math.ceil(math.sqrt(count * 1.6)))
    rows = -(-count // columns)
    figure = new_figure(max(0.9 * columns, 3.4), 0.9 * rows + 0.5)
    figure.suptitle(_title(kernels, count, layer), size=10)
    for place, filter_ in enumerate(shown):
        axes = figure.add_subplot(rows, columns, place + 1)
        axes.imshow(filter_, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
        bare(axes)
    return save(figure, path)


def _shades(kernels: np.ndarray) -> np.ndarray:
    """From 0 to 1, a weight of zero at 0.5; the largest hundredth of the weights is cut off."""
    if kernels.shape[-1] != 3:
        kernels = kernels.mean(axis=-1)
    reach = np.quantile(np.abs(kernels), 0.99) or np.abs(kernels).max() or 1.0
    return np.clip(0.5 + 0.5 * kernels / reach, 0, 1)


def _title(kernels: np.ndarray, shown: int, layer: str) -> str:
    count, height, width, channels = kernels.shape
    number = f"{shown} of {count}" if shown < count else str(count)
    mean = f", mean of {channels} channels" if channels not in (1, 3) else ""
    size = f"{height}x{width}x{channels}"
    return f"{f'{layer}: ' if layer else ''}{number} filter{'s' * (count > 1)}, {size}{mean}"

"""What a layer makes of images."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from kerasdl.plots.figure import new_figure, save
from kerasdl.plots.image_cells import bare, draw_image, shortened


def feature_maps(
    images: np.ndarray,
    maps: np.ndarray,
    path: str | Path,
    titles: Sequence[str] = (),
    layer: str = "",
    most: int = 12,
) -> Path:
    """A row an image: the image, and beside it the layer's maps.

    A column is a channel, and has one scale, from its smallest value here (dark) to its largest.

    Args:
        images: `(N, H, W, C)`.
        maps: `(N, h, w, channels)`.
        path: Where the PNG goes.
        titles: A text for each image, above it.
        layer: The layer's name, for the title.
        most: How many channels to show at most.
    """
    count, height, width, channels = maps.shape
    shown = min(channels, most)
    line = 1.12 + 0.16 * max((title.count("\n") for title in titles), default=-1)
    figure = new_figure(max(0.95 * (shown + 1.4), 3.4), line * count + 0.5)
    number = f"{shown} of {channels}" if shown < channels else str(channels)
    figure.suptitle(f"{f'{layer}: ' if layer else ''}{number} maps, {height}x{width}", size=10)
    grid = figure.add_gridspec(count, shown + 1, width_ratios=[1.4] + [1] * shown)
    for row in range(count):
        axes = figure.add_subplot(grid[row, 0])
        draw_image(axes, images[row])
        if len(titles):
            axes.set_title(shortened(titles[row], 18), size=8)
        for channel in range(shown):
            axes = figure.add_subplot(grid[row, channel + 1])
            values = maps[..., channel]
            axes.imshow(
                maps[row, :, :, channel],
                cmap="viridis",
                vmin=values.min(),
                vmax=max(values.max(), values.min() + 1e-12),
                interpolation="nearest",
            )
            bare(axes)
            if not row:
                axes.set_title(str(channel), size=8, color="#666666")
    return save(figure, path)

"""Where in images a class is seen."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kerasdl.plots.figure import new_figure, save
from kerasdl.plots.image_cells import draw_image, shortened

_COLUMNS = 4  # pairs


def heat_maps(
    images: np.ndarray,
    heat: np.ndarray,
    titles: Sequence[str],
    path: str | Path,
    layer: str = "",
) -> Path:
    """Each image, and beside it the same under its heat map.

    Args:
        images: `(N, H, W, C)`.
        heat: `(N, H, W)`, from 0 to 1.
        titles: A text for each image.
        path: Where the PNG goes.
        layer: The layer's name, for the title.
    """
    columns = min(_COLUMNS, len(images))
    rows = -(-len(images) // columns)
    line = 1.5 + 0.16 * max(title.count("\n") for title in titles)
    figure = new_figure(max(2.7 * columns, 3.4), line * rows + 0.45)
    figure.suptitle(f"Grad-CAM{f' at {layer}' if layer else ''}", size=10)
    cells = figure.subfigures(rows, columns, squeeze=False, wspace=0.04)
    for cell, image, warm, title in zip(cells.flat, images, heat, titles, strict=False):
        left, right = cell.subplots(1, 2)
        cell.suptitle(shortened(title, 32), size=8.5)
        draw_image(left, image)
        _overlay(right, image, warm)
    return save(figure, path)


def _overlay(axes: Any, image: np.ndarray, heat: np.ndarray) -> None:
    """The image in grey; yellow to red where the map is high, nothing where it is zero."""
    draw_image(axes, image.mean(axis=-1, keepdims=True), light_is_high=image.shape[-1] == 3)
    heat = np.clip(heat, 0, 1)
    colours = {"cmap": "autumn_r", "vmin": 0, "vmax": 1, "alpha": 0.8 * heat**0.7}
    axes.imshow(heat, interpolation="bilinear", **colours)

"""Where in an image a model looked as it wrote each word."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from kerasdl.plots.figure import new_figure, save
from kerasdl.plots.image_cells import bare, draw_image, shortened

_MOST = 12  # words


def looked_at(
    images: np.ndarray,
    weights: Sequence[np.ndarray],
    words: Sequence[Sequence[str]],
    path: str | Path,
) -> Path:
    """A row for each image: the image, then for each word the places that it came from.

    Args:
        images: `(N, H, W, C)`.
        weights: For each image `(words, height, width)`, over the regions of a grid.
        words: The words written.
        path: Where the PNG goes.
    """
    across = 1 + min(_MOST, max(map(len, words)))
    figure = new_figure(1.15 * across, 1.4 * len(images))
    grid = figure.subplots(len(images), across, squeeze=False)
    for line, image, own, said in zip(grid, images, weights, words, strict=True):
        draw_image(line[0], image)
        for axes in line[1:]:
            axes.set_visible(False)
        for axes, word, over in zip(line[1:], said, own, strict=False):
            axes.set_visible(True)
            draw_image(axes, image)
            height, width = image.shape[:2]
            axes.imshow(
                over / max(over.max(), 1e-12),
                cmap="autumn_r",
                alpha=0.65 * over / max(over.max(), 1e-12),
                extent=(-0.5, width - 0.5, height - 0.5, -0.5),
                interpolation="nearest",
            )
            axes.set_title(shortened(word, 12), size=8)
            bare(axes)
    return save(figure, path)

"""Weights of every head of a self-attention."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from kerasdl.plots.attention import shown
from kerasdl.plots.figure import new_figure, save


def heads(weights: Mapping[str, np.ndarray], tokens: Sequence[str], path: str | Path) -> Path:
    """A row of small tables for each layer, a table for each head.

    Args:
        weights: By layer, `(heads, T, T)`: a row a token, a column a token it looks at.
        tokens: The text's tokens.
        path: Where the PNG goes.
    """
    across = max(len(own) for own in weights.values())
    size = max(1.5, 0.13 * len(tokens))
    figure = new_figure(across * size + 0.8, len(weights) * (size + 0.2) + 0.4)
    grid = figure.subplots(len(weights), across, squeeze=False)
    names = [shown(token) for token in tokens]
    for line, (layer, own) in zip(grid, weights.items(), strict=True):
        for number, axes in enumerate(line):
            if number >= len(own):
                axes.set_visible(False)
                continue
            axes.imshow(own[number][: len(tokens), : len(tokens)], cmap="Greys", vmin=0, vmax=1)
            axes.set_title(f"{layer}, head {number + 1}", size=6.5)
            axes.set_xticks(range(len(names)), names, rotation=90, size=5)
            axes.set_yticks(range(len(names)), names if number == 0 else [""] * len(names), size=5)
            axes.tick_params(length=0)
    return save(figure, path)

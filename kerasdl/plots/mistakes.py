"""The images a classifier is most wrong about."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from kerasdl.plots.figure import new_figure, save


def worst_mistakes(
    images: np.ndarray,
    labels: np.ndarray,
    probabilities: np.ndarray,
    classes: Sequence[str],
    path: str | Path,
    most: int = 15,
) -> Path | None:
    """Wrongly classified images, the surest mistakes first.

    Args:
        images: `(N, H, W, C)`, C 1 or 3.
        labels: `(N,)` integers.
        probabilities: `(N, classes)`.
        classes: Names by integer.
        path: Where the PNG goes.
        most: How many to show at most.

    Returns:
        `path`, or None where nothing is wrong.
    """
    predicted = probabilities.argmax(axis=1)
    wrong = np.flatnonzero(predicted != labels)
    if not len(wrong):
        return None
    worst = wrong[np.argsort(-probabilities[wrong, predicted[wrong]], kind="stable")][:most]
    columns = min(5, len(worst))
    rows = -(-len(worst) // columns)
    figure = new_figure(max(1.9 * columns, 3.4), 2.25 * rows + 0.4)
    figure.suptitle(f"worst {len(worst)} of {len(wrong)} mistakes in {len(labels)}", size=11)
    for position, index in enumerate(worst):
        axes = figure.add_subplot(rows, columns, position + 1)
        image = images[index].astype("float64")
        low, high = image.min(), image.max()
        axes.imshow(((image - low) / max(high - low, 1e-12)).squeeze(), cmap="gray_r")
        axes.set_axis_off()
        sure = probabilities[index, predicted[index]]
        axes.set_title(
            f"true {classes[labels[index]]}\nsaid {classes[predicted[index]]} ({sure:.0%})",
            size=8.5,
        )
    return save(figure, path)

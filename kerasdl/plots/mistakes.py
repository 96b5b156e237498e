"""The images a classifier is most wrong about, and those it is barely right about."""

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
    return _draw(
        images[worst],
        [
            f"true {classes[labels[index]]}\n{_said(probabilities, index, classes)}"
            for index in worst
        ],
        f"worst {len(worst)} of {len(wrong)} mistakes in {len(labels)}",
        path,
    )


def barely_right(
    images: np.ndarray,
    labels: np.ndarray,
    probabilities: np.ndarray,
    classes: Sequence[str],
    path: str | Path,
    most: int = 10,
) -> Path | None:
    """Rightly classified images, the least sure first.

    Args:
        images: `(N, H, W, C)`, C 1 or 3.
        labels: `(N,)` integers.
        probabilities: `(N, classes)`.
        classes: Names by integer.
        path: Where the PNG goes.
        most: How many to show at most.

    Returns:
        `path`, or None where nothing is right.
    """
    predicted = probabilities.argmax(axis=1)
    right = np.flatnonzero(predicted == labels)
    if not len(right):
        return None
    least = right[np.argsort(probabilities[right, predicted[right]], kind="stable")][:most]
    return _draw(
        images[least],
        [_said(probabilities, index, classes) for index in least],
        f"least sure of the {len(right)} right in {len(labels)}",
        path,
    )


def _said(probabilities: np.ndarray, index: int, classes: Sequence[str]) -> str:
    best = probabilities[index].argmax()
    return f"said {classes[best]} ({probabilities[index, best]:.0%})"


def _draw(images: np.ndarray, titles: Sequence[str], title: str, path: str | Path) -> Path:
    columns = min(5, len(images))
    rows = -(-len(images) // columns)
    figure = new_figure(max(1.9 * columns, 3.4), 2.25 * rows + 0.4)
    figure.suptitle(title, size=11)
    for position, (image, text) in enumerate(zip(images, titles, strict=True)):
        axes = figure.add_subplot(rows, columns, position + 1)
        image = image.astype("float64")
        low, high = image.min(), image.max()
        axes.imshow(((image - low) / max(high - low, 1e-12)).squeeze(), cmap="gray_r")
        axes.set_axis_off()
        axes.set_title(text, size=8.5)
    return save(figure, path)

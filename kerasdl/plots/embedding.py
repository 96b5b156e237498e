"""Where an encoder puts its inputs."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kerasdl.errors import require
from kerasdl.plots.figure import COLOURS, new_figure, save, tidy

_MOST_NAMED = 20


def embedding(
    codes: np.ndarray,
    path: str | Path,
    labels: np.ndarray | None = None,
    classes: Sequence[str] = (),
    most: int = 1500,
) -> Path | None:
    """Codes on a plane: by principal components, and beside it by t-SNE, coloured by class.

    Codes of two numbers are shown as they are, those of one number over their classes. Codes that
    are not finite are left out; of more than `most`, a fixed random choice is shown.

    Args:
        codes: `(N, K)`.
        path: Where the PNG goes.
        labels: `(N,)` integers.
        classes: Names by integer.
        most: How many points to draw at most.

    Returns:
        `path`, or None where fewer than three codes are finite.
    """
    chosen = np.flatnonzero(np.isfinite(codes).all(axis=1))
    if len(chosen) < 3:
        return None
    if len(chosen) > most:
        chosen = np.sort(np.random.default_rng(0).choice(chosen, most, replace=False))
    codes = codes[chosen].astype("float64")
    labels = None if labels is None else np.asarray(labels)[chosen]
    panels = _panels(codes, labels)
    figure = new_figure(5.2 * len(panels) + 1.6 * (labels is not None), 4.8)
    for index, (title, points, names) in enumerate(panels):
        axes = tidy(figure.add_subplot(1, len(panels), index + 1))
        handles = _scatter(axes, points, labels, classes)
        axes.set_title(title)
        axes.set_xlabel(names[0])
        axes.set_ylabel(names[1])
    if handles and len(handles) <= _MOST_NAMED:
        figure.legend(handles=handles, loc="outside right upper", frameon=False, markerscale=3)
    return save(figure, path)


def _panels(
    codes: np.ndarray, labels: np.ndarray | None
) -> list[tuple[str, np.ndarray, tuple[str, str]]]:
    if codes.shape[1] == 1:
        heights = np.zeros(len(codes)) if labels is None else labels
        return [("code", np.column_stack([codes[:, 0], heights]), ("code", "class"))]
    if codes.shape[1] == 2:
        return [("code", codes, ("first number", "second number"))]
    centred = codes - codes.mean(axis=0)
    _, spreads, axes = np.linalg.svd(centred, full_matrices=False)
    total = np.square(spreads).sum()
    share = np.square(spreads[:2]).sum() / total if total > 0 else 0.0
    plane = (
        f"principal components ({share:.0%} of the variance)",
        centred @ axes[:2].T,
        ("first component", "second component"),
    )
    if len(codes) < 10 or total == 0:
        return [plane]
    return [plane, ("t-SNE", _tsne(codes), ("", ""))]


def _tsne(codes: np.ndarray) -> np.ndarray:
    require("sklearn", "train", "t-SNE")
    from sklearn.manifold import TSNE

    perplexity = min(30.0, (len(codes) - 1) / 3)
    return TSNE(2, perplexity=perplexity, init="pca", random_state=0).fit_transform(codes)


def _scatter(
    axes: Any, points: np.ndarray, labels: np.ndarray | None, classes: Sequence[str]
) -> list[Any]:
    """Draws the points; returns a handle for each class."""
    size = 10 if len(points) > 300 else 18
    if labels is None:
        axes.scatter(*points.T, s=size, alpha=0.6, color=COLOURS[0], linewidths=0)
        return []
    import matplotlib

    found = np.unique(labels)
    palette = matplotlib.colormaps["tab10" if len(found) <= 10 else "tab20"]
    return [
        axes.scatter(
            *points[labels == label].T,
            s=size,
            alpha=0.7,
            linewidths=0,
            color=palette(place % palette.N),
            label=classes[label] if classes else str(label),
        )
        for place, label in enumerate(found)
    ]

"""Images beside what an autoencoder makes of them."""

from pathlib import Path

import numpy as np

from kerasdl.plots.figure import new_figure, save


def reconstructions(
    images: np.ndarray, reconstructed: np.ndarray, path: str | Path, most: int = 12
) -> Path:
    """Inputs above outputs, from the best reconstructed image to the worst, evenly spaced.

    Both are shown on the scale of the inputs: what lies outside is cut off.

    Args:
        images: `(N, H, W, C)`, C 1 or 3; of other numbers of channels the first is shown.
        reconstructed: The same shape.
        path: Where the PNG goes.
        most: How many to show at most.
    """
    errors = _errors(images, reconstructed)
    ranked = np.argsort(errors, kind="stable")
    shown = ranked[np.linspace(0, len(ranked) - 1, min(most, len(ranked))).round().astype(int)]
    low, high = float(images.min()), float(images.max())
    figure = new_figure(max(1.05 * len(shown), 4.2), 2.9)
    figure.suptitle(f"best to worst of {len(images)} reconstructions", size=11)
    for column, index in enumerate(shown):
        for row, image in enumerate((images[index], reconstructed[index])):
            axes = figure.add_subplot(2, len(shown), row * len(shown) + column + 1)
            axes.imshow(_plane(image, low, high), cmap="gray_r", vmin=0, vmax=1)
            axes.set_xticks([])
            axes.set_yticks([])
            axes.spines[:].set_color("#cccccc")
            if column == 0:
                axes.set_ylabel(("input", "output")[row])
        axes.set_xlabel(f"rmse {errors[index]:.3g}", size=8)
    return save(figure, path)


def _errors(images: np.ndarray, reconstructed: np.ndarray) -> np.ndarray:
    """Root of the mean squared error of each image; what is not finite counts as the worst."""
    difference = reconstructed.astype("float32") - images
    squares = np.square(difference).reshape(len(images), -1).mean(axis=1, dtype="float64")
    return np.nan_to_num(np.sqrt(squares), nan=np.inf)


def _plane(image: np.ndarray, low: float, high: float) -> np.ndarray:
    """The image in [0, 1], `(H, W)` or `(H, W, 3)`."""
    image = image if image.shape[-1] == 3 else image[..., :1]
    scaled = (image.astype("float64") - low) / max(high - low, 1e-12)
    return np.clip(np.nan_to_num(scaled), 0.0, 1.0).squeeze(-1 if image.shape[-1] == 1 else ())

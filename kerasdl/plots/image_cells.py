"""Images in pictures."""

from typing import Any

import numpy as np


def draw_image(axes: Any, image: np.ndarray, *, light_is_high: bool = False) -> None:
    """Draws an `(H, W, C)` image of any range; other than three channels by their mean, in grey.

    Grey images have ink in their high values, unless `light_is_high`.
    """
    image = np.asarray(image, "float64")
    if image.shape[-1] != 3:
        image = image.mean(axis=-1)
    low, high = image.min(), image.max()
    image = (image - low) / max(high - low, 1e-12)
    grey = "gray" if light_is_high else "gray_r"
    axes.imshow(image, cmap=grey, vmin=0, vmax=1, interpolation="nearest")
    bare(axes)


def bare(axes: Any) -> None:
    """No ticks; a faint frame, which shows where a light image ends."""
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_color("#cccccc")


def shortened(text: str, most: int) -> str:
    """Lines of at most `most` characters, the middle of longer ones left out."""
    half = most // 2
    lines = text.split("\n")
    return "\n".join(x if len(x) <= most else f"{x[: half - 1]}…{x[-half:]}" for x in lines)

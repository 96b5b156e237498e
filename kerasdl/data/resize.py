"""Images of another size, from arrays."""

import numpy as np

from kerasdl.errors import require


def resized(images: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """`(N, H, W, C)` images at `size`, height and width, bilinear; smoothed where they shrink.

    Values keep their range and their dtype; whole numbers are rounded.
    """
    if images.shape[1:3] == tuple(size):
        return images
    require("PIL", "train", "resizing images")
    from PIL import Image

    result = np.empty((len(images), *size, images.shape[3]), images.dtype)
    whole = np.issubdtype(images.dtype, np.integer)
    for index in np.ndindex(len(images), images.shape[3]):
        number, channel = index
        plane = Image.fromarray(images[number, :, :, channel].astype(np.float32))
        values = np.asarray(plane.resize((size[1], size[0]), Image.Resampling.BILINEAR))
        result[number, :, :, channel] = np.rint(values) if whole else values
    return result

"""A text from an image."""

from pathlib import Path

import keras
import numpy as np

from kerasdl import plots
from kerasdl.data import Data, Form
from kerasdl.tasks.written import WritingTask


class Captioning(WritingTask):
    """An image and the caption's tokens so far in, the next ones out."""

    def entrance(self, data: Data) -> list[keras.KerasTensor]:
        """An image and rows of tokens."""
        image = keras.Input(data.inputs.shape, dtype=data.inputs.dtype, name="raw")
        return [image, keras.Input((None,), dtype="int32", name="previous")]

    def draw(
        self,
        x: np.ndarray,
        words: list[list[str]],
        weights: list[np.ndarray],
        form: Form,
        folder: Path,
    ) -> Path:
        """Each image, and over it where the model looked as it chose each word."""
        side = [own.reshape(len(own), *_grid(own.shape[1])) for own in weights]
        return plots.looked_at(x, side, words, folder / "attention.png")


def _grid(places: int) -> tuple[int, int]:
    """Height and width of a grid, taken for square where it can be."""
    height = next(h for h in range(int(places**0.5), 0, -1) if places % h == 0)
    return height, places // height

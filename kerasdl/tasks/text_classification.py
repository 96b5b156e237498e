"""One class for a text."""

from typing import Any

import keras

from kerasdl.data import Batches, Data, Samples
from kerasdl.tasks.by_length import by_length
from kerasdl.tasks.classification import Classification


class TextClassification(Classification):
    """Rows of tokens in; otherwise as any classification."""

    ignores_mirroring = False

    def entrance(self, data: Data) -> list[keras.KerasTensor]:
        """Rows of tokens of any length."""
        return [keras.Input((None,), dtype="int32", name="raw")]

    def batches(self, samples: Samples, loss: keras.losses.Loss, data: Data, **how: Any) -> Batches:
        """Batches of like lengths."""
        return by_length(samples.x, self.targets(samples, loss, data), None, **how)

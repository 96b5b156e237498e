"""How the weights are distributed."""

import re
from collections.abc import Sequence
from typing import Any

import keras

from kerasdl.callbacks._checks import check_count
from kerasdl.callbacks._histograms import Histogram, histogram_function
from kerasdl.errors import UserError


class WeightHistograms(keras.callbacks.Callback):
    """Counts the values of every trainable variable in bins, as training begins and after epochs.

    `history` holds `(epoch, histograms)`: epoch 0 is before training, `n` after `n` epochs;
    `table()` says the latest in text. `TensorBoardLogs(histograms=n)` writes the same to files.

    Cost: one pass over the weights every n-th epoch, on the device, and one read of the counts
    by the host. Nothing happens at batches.

    Args:
        every: Epochs from one count to the next.
        bins: How many; even ones, from the least to the greatest value.
        include: Regular expressions; variables in whose paths one is found. All by default.

    Raises:
        UserError: If an argument is out of its range; in training, if `include` finds nothing.

    Example:
        >>> weights = WeightHistograms(include=["kernel"])
        >>> model.fit(x, y, epochs=5, callbacks=[weights])
        >>> epoch, histograms = weights.history[-1]
    """

    def __init__(self, every: int = 1, bins: int = 30, include: Sequence[str] = ()) -> None:
        super().__init__()
        check_count("every", every)
        check_count("bins", bins, least=2)
        if isinstance(include, str):
            raise UserError(f"`include` must be a list of patterns. Received: include={include!r}")
        try:
            self._patterns = [re.compile(pattern) for pattern in include]
        except re.error as error:
            raise UserError(
                f"`include` must hold regular expressions ({error}). Received: include={include!r}"
            ) from None
        self.every = every
        self.bins = bins
        self.include = include
        self.history: list[tuple[int, list[Histogram]]] = []

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Counts the first time."""
        variables = [v for v in self.model.trainable_variables if self._includes(v.path)]
        if not variables:
            raise UserError(f"`include` must fit some variable. Received: include={self.include!r}")
        self._count = histogram_function(variables, self.bins)
        self.history = [(0, self._count())]

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Counts again."""
        if (epoch + 1) % self.every == 0:
            self.history.append((epoch + 1, self._count()))

    def table(self) -> list[dict[str, Any]]:
        """The latest counts, a row for each variable."""
        return [
            {
                "variable": row.path,
                "mean": row.mean,
                "deviation": row.deviation,
                "least": float(row.edges[0]),
                "greatest": float(row.edges[-1]),
                "not finite": row.not_finite,
            }
            for row in (self.history[-1][1] if self.history else [])
        ]

    def _includes(self, path: str) -> bool:
        return not self._patterns or any(pattern.search(path) for pattern in self._patterns)

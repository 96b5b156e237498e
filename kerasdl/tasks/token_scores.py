"""What a model gave the right tokens."""

from dataclasses import dataclass

import numpy as np


@dataclass(slots=True)
class TokenScores:
    """Sum of the losses in nats, number of tokens that count, and how many of them are right."""

    loss: float = 0.0
    tokens: int = 0
    right: int = 0

    def add(self, logits: np.ndarray, targets: np.ndarray, ignored: int | None) -> None:
        """Adds a batch: logits `(..., V)` and targets `(...)`, of which `ignored` do not count."""
        real = np.ones(targets.shape, bool) if ignored is None else targets != ignored
        rows, labels = logits[real].astype("float64"), targets[real]
        top = rows.max(axis=-1)
        total = top + np.log(np.exp(rows - top[:, None]).sum(axis=-1))
        self.loss += float((total - rows[np.arange(len(labels)), labels]).sum())
        self.tokens += len(labels)
        self.right += int((rows.argmax(axis=-1) == labels).sum())

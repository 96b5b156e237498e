"""What the tasks share whose outputs are logits for each token."""

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from kerasdl.data import Batches, Data, Form, Samples
from kerasdl.losses import SoftmaxCrossEntropy
from kerasdl.losses.token_loss import TokenLoss
from kerasdl.metrics import TokenAccuracy
from kerasdl.tasks.by_length import by_length
from kerasdl.tasks.task import Task

_BATCH = 64


class TokenTask(Task):
    """Integer targets `(N, T)`, logits `(N, T, V)`, and the mean over the tokens that count."""

    monitor = "val_loss"
    monitor_mode = "min"
    ignores_mirroring = False
    smooths_labels = True
    padding: int | None = 0
    """The target that does not count; None where all count."""

    def entrance(self, data: Data) -> list[keras.KerasTensor]:
        """Rows of tokens of any length."""
        return [keras.Input((None,), dtype="int32", name="raw")]

    def loss(self, loss: Any, model: keras.Model, data: Data) -> keras.losses.Loss:
        """Cross-entropy over the tokens that count, or the loss asked for."""
        if loss is None:
            return SoftmaxCrossEntropy(ignored_index=self.padding)
        if isinstance(loss, TokenLoss):
            loss.ignored_index = self.padding
        return loss

    def metrics(self, loss: keras.losses.Loss, data: Data) -> list[keras.metrics.Metric]:
        """Share of the tokens that are right."""
        return [TokenAccuracy(ignored_index=self.padding)]

    def batches(self, samples: Samples, loss: keras.losses.Loss, data: Data, **how: Any) -> Batches:
        """Batches of like lengths."""
        x, y = self.inputs(samples, data.form()), self.targets(samples, loss, data)
        return by_length(x, y, self.padding, **how)

    def logits(
        self, samples: Samples, model: keras.Model, form: Form
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Logits `(B, T, V)` and the numbers of their samples; `T` reaches to the longest's end."""
        x = self.inputs(samples, form)
        batches = by_length(x, batch_size=_BATCH, shuffle=False)
        for index in range(batches.steps):
            made = model.predict_on_batch(batches.batch(index)[0])
            yield np.asarray(made), batches.rows(index)

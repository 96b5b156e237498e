"""Several yes-or-no questions at once."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerasdl import metrics as figures
from kerasdl.data import Data, Form, Samples
from kerasdl.tasks.examples import chosen, in_words
from kerasdl.tasks.task import Evaluation, Task, output_activation


class MultiLabelClassification(Task):
    """0/1 targets, one logit (or sigmoid) a label, binary cross-entropy."""

    monitor = "val_loss"
    monitor_mode = "min"

    def loss(self, loss: Any, model: keras.Model, data: Data) -> keras.losses.Loss:
        """Binary cross-entropy, from logits unless the model ends in a sigmoid."""
        if loss is not None:
            return loss
        return keras.losses.BinaryCrossentropy(from_logits=output_activation(model) != "sigmoid")

    def targets(self, samples: Samples, loss: keras.losses.Loss, data: Data) -> np.ndarray:
        """Floats."""
        return samples.y.astype("float32")

    def metrics(self, loss: keras.losses.Loss, data: Data) -> list[keras.metrics.Metric]:
        """Share of labels that are right, the logit's sign deciding."""
        threshold = 0.0 if getattr(loss, "from_logits", True) else 0.5
        return [keras.metrics.BinaryAccuracy(name="label_accuracy", threshold=threshold)]

    def evaluate(
        self, samples: Samples, outputs: np.ndarray, model: keras.Model, data: Data
    ) -> Evaluation:
        """Label accuracy, exact match, micro and macro F1, AUC."""
        return Evaluation(
            figures.multi_label_metrics(samples.y, self.probabilities(outputs, model))
        )

    def probabilities(self, outputs: np.ndarray, model: keras.Model) -> np.ndarray:
        """`(N, labels)` in [0, 1]."""
        if output_activation(model) == "sigmoid":
            return outputs
        return 0.5 * (1.0 + np.tanh(0.5 * outputs.astype("float64")))

    def present(
        self, outputs: Any, model: keras.Model, form: Form, names: list[str], inputs: np.ndarray
    ) -> list[dict[str, Any]]:
        """The labels answered with yes, and every probability."""
        rows = []
        for name, row in zip(names, self.probabilities(outputs, model), strict=True):
            said = [label for label, value in zip(form.labels, row, strict=True) if value >= 0.5]
            rows.append(
                {"input": name, "labels": ", ".join(said) or "none"}
                | {label: float(value) for label, value in zip(form.labels, row, strict=True)}
            )
        return rows

    def examples(
        self, samples: Samples, outputs: np.ndarray, model: keras.Model, data: Data
    ) -> list[dict[str, Any]]:
        """The surest mistakes, and some that are right; sure means far from one half."""
        form = data.form()
        probabilities = self.probabilities(outputs, model)
        said, true = probabilities >= 0.5, samples.y >= 0.5
        right = (said == true).all(axis=1)
        return [
            in_words(form, samples.x[index])
            | {
                "true": _spelled(true[index], form.labels),
                "said": _spelled(said[index], form.labels),
                "right": bool(right[index]),
            }
            for index in chosen(right, np.abs(probabilities - 0.5).min(axis=1))
        ]

    def pictures(
        self, samples: Samples, outputs: np.ndarray, model: keras.Model, data: Data, folder: Path
    ) -> list[Path]:
        """None."""
        return []


def _spelled(answers: np.ndarray, labels: Sequence[str]) -> str:
    return ", ".join(label for label, yes in zip(labels, answers, strict=True) if yes) or "none"

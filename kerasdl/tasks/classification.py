"""One class out of several."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerasdl import metrics as figures
from kerasdl import plots
from kerasdl.data import Data, Form, Samples
from kerasdl.losses.token_loss import TokenLoss
from kerasdl.tasks.examples import chosen, in_words
from kerasdl.tasks.task import Evaluation, Task, output_activation


class Classification(Task):
    """Integer targets, logits (or a softmax) out, cross-entropy."""

    monitor = "val_accuracy"
    monitor_mode = "max"
    smooths_labels = True

    def loss(self, loss: Any, model: keras.Model, data: Data) -> keras.losses.Loss:
        """Sparse cross-entropy, from logits unless the model ends in a softmax."""
        if loss is None:
            logits = output_activation(model) != "softmax"
            return keras.losses.SparseCategoricalCrossentropy(from_logits=logits)
        if isinstance(loss, keras.losses.CategoricalCrossentropy):
            loss.from_logits = output_activation(model) != "softmax"
        return loss

    def targets(self, samples: Samples, loss: keras.losses.Loss, data: Data) -> np.ndarray:
        """Integers, or one-hot rows for a loss that is no sparse cross-entropy."""
        if _takes_integers(loss):
            return samples.y.astype("int32")
        return np.eye(data.outputs, dtype="float32")[samples.y]

    def metrics(self, loss: keras.losses.Loss, data: Data) -> list[keras.metrics.Metric]:
        """Accuracy."""
        if _takes_integers(loss):
            return [keras.metrics.SparseCategoricalAccuracy(name="accuracy")]
        return [keras.metrics.CategoricalAccuracy(name="accuracy")]

    def evaluate(
        self, samples: Samples, outputs: np.ndarray, model: keras.Model, data: Data
    ) -> Evaluation:
        """Accuracy, macro precision, recall, F1, AUC, log loss, calibration; a row a class."""
        probabilities = self.probabilities(outputs, model)
        return Evaluation(
            figures.classification_metrics(samples.y, probabilities),
            figures.per_class_table(samples.y, probabilities.argmax(axis=1), _class_names(data)),
        )

    def probabilities(self, outputs: np.ndarray, model: keras.Model) -> np.ndarray:
        """`(N, classes)`, rows sum to 1."""
        outputs = outputs.astype("float64")
        if output_activation(model) == "softmax":
            return outputs / outputs.sum(axis=1, keepdims=True)
        exponentials = np.exp(outputs - outputs.max(axis=1, keepdims=True))
        return exponentials / exponentials.sum(axis=1, keepdims=True)

    def present(
        self, outputs: Any, model: keras.Model, form: Form, names: list[str], inputs: np.ndarray
    ) -> list[dict[str, Any]]:
        """The class, its probability, and the next two."""
        rows = []
        for name, row in zip(names, self.probabilities(outputs, model), strict=True):
            best = np.argsort(-row, kind="stable")[:3]
            others = ", ".join(f"{form.labels[i]} {row[i]:.1%}" for i in best[1:])
            rows.append(
                {
                    "input": name,
                    "class": form.labels[best[0]],
                    "probability": float(row[best[0]]),
                    "then": others,
                }
            )
        return rows

    def examples(
        self, samples: Samples, outputs: np.ndarray, model: keras.Model, data: Data
    ) -> list[dict[str, Any]]:
        """The surest mistakes, and some that are right; of inputs that can be read."""
        form = data.form()
        if not in_words(form, samples.x[0]):
            return []
        probabilities = self.probabilities(outputs, model)
        said, names = probabilities.argmax(axis=1), _class_names(data)
        right = said == samples.y
        return [
            in_words(form, samples.x[index])
            | {
                "true": names[samples.y[index]],
                "said": names[said[index]],
                "probability": float(probabilities[index, said[index]]),
                "right": bool(right[index]),
            }
            for index in chosen(right, probabilities.max(axis=1))
        ]

    def pictures(
        self, samples: Samples, outputs: np.ndarray, model: keras.Model, data: Data, folder: Path
    ) -> list[Path]:
        """The confusion matrix; for images the worst mistakes, and what was barely right."""
        probabilities = self.probabilities(outputs, model)
        classes = _class_names(data)
        drawn: list[Path | None] = [
            plots.confusion_matrix(
                samples.y, probabilities.argmax(axis=1), classes, folder / "confusion.png"
            )
        ]
        if data.inputs.kind == "images":
            drawn.append(
                plots.worst_mistakes(
                    samples.x, samples.y, probabilities, classes, folder / "mistakes.png"
                )
            )
            drawn.append(
                plots.barely_right(
                    samples.x, samples.y, probabilities, classes, folder / "barely_right.png"
                )
            )
        return [path for path in drawn if path is not None]


def _takes_integers(loss: keras.losses.Loss) -> bool:
    return isinstance(loss, keras.losses.SparseCategoricalCrossentropy | TokenLoss)


def _class_names(data: Data) -> Sequence[str]:
    return data.classes or tuple(map(str, range(data.outputs)))

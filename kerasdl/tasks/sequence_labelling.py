"""A label for each word of a text."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerasdl import metrics as figures
from kerasdl import plots
from kerasdl.data import Data, Form, Samples
from kerasdl.data.text_form import lengths_of
from kerasdl.data.tokenizers import split_words
from kerasdl.data.tokenizing import NO_LABEL
from kerasdl.tasks.examples import chosen, in_words
from kerasdl.tasks.task import Evaluation
from kerasdl.tasks.token_scores import TokenScores
from kerasdl.tasks.token_task import TokenTask

Labels = tuple[list[np.ndarray], TokenScores]


class SequenceLabelling(TokenTask):
    """Words in, with their characters where the data has them; a label out for each."""

    padding = NO_LABEL

    def entrance(self, data: Data) -> list[keras.KerasTensor]:
        """Rows of words, and rows of the characters of each."""
        words = super().entrance(data)
        if data.inputs.characters is None:
            return words
        shape = (None, data.inputs.characters.context)
        return [*words, keras.Input(shape, dtype="int32", name="raw_characters")]

    def inputs(self, samples: Samples, form: Form) -> Any:
        """Words, or words and characters."""
        if form.inputs.characters is None:
            return samples.x
        return samples.x[:, :, 0], samples.x[:, :, 1:]

    def outputs(
        self, samples: Samples, model: keras.Model, form: Form, flip: bool = False
    ) -> Labels:
        """The labels of each text, and the scores of the right ones where they are known."""
        said: list[np.ndarray] = [np.empty(0, np.int64)] * len(samples)
        lengths = lengths_of(samples.x)
        scores = TokenScores()
        for logits, rows in self.logits(samples, model, form):
            for own, row in zip(logits, rows, strict=True):
                said[row] = own[: lengths[row]].argmax(axis=-1)
            if samples.y is not None:
                scores.add(logits, samples.y[rows, : logits.shape[1]], self.padding)
        return said, scores

    def evaluate(
        self, samples: Samples, outputs: Labels, model: keras.Model, data: Data
    ) -> Evaluation:
        """Loss and accuracy a word; of spans (`B-`, `I-`) too where the labels mark some."""
        said, scores = outputs
        found = figures.token_metrics(scores.loss, scores.tokens, scores.right)
        del found["perplexity"]
        labels = data.classes or ()
        true = _true(samples, said)
        if any(label.startswith("B-") for label in labels):
            spelled = (
                [[labels[number] for number in own] for own in texts] for texts in (said, true)
            )
            found |= figures.span_metrics(*spelled)
        return Evaluation(
            found, figures.per_class_table(np.concatenate(true), np.concatenate(said), labels)
        )

    def present(
        self, outputs: Labels, model: keras.Model, form: Form, names: list[str], inputs: np.ndarray
    ) -> list[dict[str, Any]]:
        """Each word with its label."""
        rows = []
        for name, own in zip(names, outputs[0], strict=True):
            labels = [form.labels[number] for number in own]
            pairs = zip(split_words(name), labels, strict=False)
            rows.append({"input": name, "labels": " ".join(f"{w}/{label}" for w, label in pairs)})
        return rows

    def examples(
        self, samples: Samples, outputs: Labels, model: keras.Model, data: Data
    ) -> list[dict[str, Any]]:
        """Texts with the most wrong labels, and some without; wrong ones beside the true label."""
        labels, form = data.classes or (), data.form()
        said, true = outputs[0], _true(samples, outputs[0])
        wrong = np.array([(own != right).sum() for own, right in zip(said, true, strict=True)])
        return [
            in_words(form, samples.x[index][: len(said[index])])
            | {
                "labels": " ".join(
                    labels[own] if own == right else f"{labels[own]} (true {labels[right]})"
                    for own, right in zip(said[index], true[index], strict=True)
                ),
                "right": bool(wrong[index] == 0),
            }
            for index in chosen(wrong == 0, wrong)
        ]

    def pictures(
        self, samples: Samples, outputs: Labels, model: keras.Model, data: Data, folder: Path
    ) -> list[Path]:
        """The confusion matrix of the labels."""
        said = outputs[0]
        true = np.concatenate(_true(samples, said))
        path = folder / "confusion.png"
        return [plots.confusion_matrix(true, np.concatenate(said), data.classes or (), path)]


def _true(samples: Samples, said: list[np.ndarray]) -> list[np.ndarray]:
    return [own[: len(text)] for own, text in zip(samples.y, said, strict=True)]


def _spelled(texts: list[np.ndarray], labels: Sequence[str]) -> list[list[str]]:
    return [[labels[number] for number in own] for own in texts]

"""Hidden tokens of a text, from those on both sides."""

from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerasdl import metrics as figures
from kerasdl.data import Batches, Data, Form, Samples
from kerasdl.data.tokenizing import MASK
from kerasdl.tasks.task import Evaluation
from kerasdl.tasks.token_scores import TokenScores
from kerasdl.tasks.token_task import TokenTask

_SHARE = 0.15
_CHOICES = 3


class MaskedLanguageModelling(TokenTask):
    """15 % of the tokens are answers: of these 80 % are hidden, 10 % are others, 10 % stay.

    Reference: Devlin et al., 2019, section 3.1, https://arxiv.org/abs/1810.04805
    """

    def batches(self, samples: Samples, loss: keras.losses.Loss, data: Data, **how: Any) -> Batches:
        """Rows with other tokens hidden in every epoch; without `shuffle` always the same."""
        form = data.form()
        if not how.get("shuffle", True):
            x, y = hidden(samples.x, form, np.random.Generator(np.random.Philox(0)))
            return Batches(x, y, **how)

        def hide(x: np.ndarray, y: np.ndarray, generator: np.random.Generator) -> tuple:
            return hidden(x, form, generator)

        return Batches(samples.x, samples.x, transform=hide, **how)

    def outputs(self, samples: Samples, model: keras.Model, form: Form, flip: bool = False) -> Any:
        """Scores of the hidden tokens, the same ones each time."""
        x, y = hidden(samples.x, form, np.random.Generator(np.random.Philox(0)))
        scores = TokenScores()
        for logits, rows in self.logits(Samples(x), model, form):
            scores.add(logits, y[rows, : logits.shape[1]], self.padding)
        return scores

    def evaluate(
        self, samples: Samples, outputs: Any, model: keras.Model, data: Data
    ) -> Evaluation:
        """Loss, perplexity and accuracy of the hidden tokens."""
        return Evaluation(figures.token_metrics(outputs.loss, outputs.tokens, outputs.right))

    def present(
        self, outputs: Any, model: keras.Model, form: Form, names: list[str], inputs: np.ndarray
    ) -> list[dict[str, Any]]:
        """The three likeliest tokens at each `<mask>` of a text."""
        text = form.inputs.text
        mask = text.tokenizer.specials.index(MASK)
        rows: list[dict[str, Any]] = [{"input": name} for name in names]
        for logits, numbers in self.logits(Samples(inputs), model, form):
            for own, number in zip(logits, numbers, strict=True):
                for place in np.flatnonzero(inputs[number, : len(own)] == mask):
                    best = np.argsort(-own[place], kind="stable")[:_CHOICES]
                    key = f"{MASK} {sum(entry.startswith(MASK) for entry in rows[number]) + 1}"
                    rows[number][key] = ", ".join(text.tokenizer.pieces(best))
        return rows

    def pictures(
        self, samples: Samples, outputs: Any, model: keras.Model, data: Data, folder: Path
    ) -> list[Path]:
        """None."""
        return []


def hidden(
    rows: np.ndarray, form: Form, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Rows with some tokens hidden, and these as targets, 0 elsewhere."""
    tokenizer = form.inputs.text.tokenizer
    first = len(tokenizer.specials)
    chosen = (generator.random(rows.shape) < _SHARE) & (rows >= first)
    fate = generator.random(rows.shape)
    others = generator.integers(first, tokenizer.vocab_size, rows.shape, dtype=np.int32)
    seen = np.where(fate < 0.8, tokenizer.specials.index(MASK), np.where(fate < 0.9, others, rows))
    return np.where(chosen, seen, rows).astype(np.int32), np.where(chosen, rows, 0)

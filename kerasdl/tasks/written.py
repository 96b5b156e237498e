"""The tasks that write a text for each input: translations, captions."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerasdl import metrics as figures
from kerasdl import plots
from kerasdl.data import Data, Form, Samples
from kerasdl.decoding import BeamSearch, Generated, decoder_of, generate
from kerasdl.inside import attention_weights
from kerasdl.tasks.examples import chosen, in_words
from kerasdl.tasks.task import Evaluation
from kerasdl.tasks.token_scores import TokenScores
from kerasdl.tasks.token_task import TokenTask

_BATCH = 64
_DRAWN = 4


@dataclass(slots=True)
class Written:
    """What is written for each input, and the scores of the right texts where they are known."""

    tokens: list[list[int]]
    """Of the best text of each input."""
    texts: list[list[tuple[str, float]]]
    """Of each input, best first, with what they are ranked by."""
    scores: TokenScores


class WritingTask(TokenTask):
    """An input and the target's tokens so far in, the next token of each out.

    A target `<bos> a b <eos>` gives the previous tokens `<bos> a b` and the answers `a b <eos>`.
    """

    strategy = BeamSearch(width=4, length_penalty=1.0)
    """How texts are written."""

    def inputs(self, samples: Samples, form: Form) -> Any:
        """The input, and the tokens before each answer."""
        return samples.x, previous(samples.y)

    def targets(self, samples: Samples, loss: keras.losses.Loss, data: Data) -> np.ndarray:
        """The answers."""
        return samples.y[:, 1:]

    def write(self, x: np.ndarray, model: keras.Model, form: Form, **how: Any) -> Generated:
        """Texts for inputs, by the architecture's decoder.

        Args:
            x: Inputs.
            model: A run's model.
            form: Of the data.
            **how: Arguments of `generate`, such as `strategy`.
        """
        tokenizer = form.target.tokenizer
        return generate(
            decoder_of(model),
            [[tokenizer.bos_id]] * len(x),
            inputs=entered(model, x),
            **{
                "strategy": self.strategy,
                "stop": tokenizer.eos_id,
                "max_new_tokens": form.target.context - 1,
                **how,
            },
        )

    def outputs(
        self, samples: Samples, model: keras.Model, form: Form, flip: bool = False
    ) -> Written:
        """What is written for each input, and the scores of the right texts, if they are known."""
        tokens: list[list[int]] = []
        texts: list[list[tuple[str, float]]] = []
        for begin in range(0, len(samples), _BATCH):
            piece = samples.x[begin : begin + _BATCH]
            filled = np.concatenate([piece, piece[:1].repeat(_BATCH - len(piece), axis=0)])
            # One sample alone gets a program of its own: most predictions are of one.
            chosen = piece if len(samples) == 1 else filled
            written = self.write(chosen, model, form)
            tokens += written.best()[: len(piece)]
            texts += _ranked(written, form)[: len(piece)]
        scores = TokenScores()
        if samples.y is not None:
            answers = samples.y[:, 1:]
            for logits, rows in self.logits(samples, model, form):
                scores.add(logits, answers[rows, : logits.shape[1]], self.padding)
        return Written(tokens, texts, scores)

    def evaluate(
        self, samples: Samples, outputs: Written, model: keras.Model, data: Data
    ) -> Evaluation:
        """Loss and accuracy a token; exact matches, BLEU and chrF of what is written."""
        scores = outputs.scores
        found = figures.token_metrics(scores.loss, scores.tokens, scores.right)
        references = list(samples.references)
        small = data.target.tokenizer.lowercase
        best = [own[0][0] for own in outputs.texts]
        of_texts, notes = figures.translation_metrics(best, references, small)
        table = [
            {"expected": right, "written": said}
            for right, said in list(zip(references, best, strict=True))[:10]
        ]
        return Evaluation({**found, **of_texts}, table, notes)

    def present(
        self, outputs: Written, model: keras.Model, form: Form, names: list[str], inputs: np.ndarray
    ) -> list[dict[str, Any]]:
        """What is written for each; with scores where it is more than one text."""
        rows: list[dict[str, Any]] = []
        for name, own in zip(names, outputs.texts, strict=True):
            if self.strategy.n_best == 1:
                rows.append({"input": name, "written": own[0][0]})
            else:
                rows += [{"input": name, "written": text, "score": score} for text, score in own]
        return rows

    def examples(
        self, samples: Samples, outputs: Written, model: keras.Model, data: Data
    ) -> list[dict[str, Any]]:
        """Texts that are not as expected, and some that are, from the surest to the least sure."""
        best = [own[0] for own in outputs.texts]
        expected = [str(text) for text in samples.references]
        small = data.target.tokenizer.lowercase
        right = np.array(
            [
                said.lower() == text.lower() if small else said == text
                for (said, _), text in zip(best, expected, strict=True)
            ]
        )
        return [
            in_words(data.form(), samples.x[index])
            | {"expected": expected[index], "written": best[index][0], "right": bool(right[index])}
            for index in chosen(right, np.array([score for _, score in best]))
        ]

    def pictures(
        self, samples: Samples, outputs: Written, model: keras.Model, data: Data, folder: Path
    ) -> list[Path]:
        """Where the model looks as it writes, if it has an attention."""
        chosen = slice(0, _DRAWN)
        seen = self.attention(samples.x[chosen], outputs.tokens[chosen], model, data.form())
        return [] if seen is None else [self.draw(samples.x[chosen], *seen, data.form(), folder)]

    def attention(
        self, x: np.ndarray, tokens: list[list[int]], model: keras.Model, form: Form
    ) -> tuple[list[list[str]], list[np.ndarray]] | None:
        """The words that were written, and the weights over the input as each was chosen.

        Of several layers the last, of several heads the mean; None for a model without.
        """
        bos, eos = form.target.tokenizer.bos_id, form.target.tokenizer.eos_id
        longest = form.target.context - 1
        rows = np.zeros((len(x), longest), np.int32)
        for row, own in zip(rows, tokens, strict=True):
            text = [bos, *own][:longest]
            row[: len(text)] = text
        found = attention_weights(model, (x, rows), over="source")
        if not found:
            return None
        weights = list(found.values())[-1]
        weights = weights.mean(axis=1) if weights.ndim == 4 else weights
        words = [form.target.tokenizer.pieces([*own, eos][:longest]) for own in tokens]
        return words, [own[: len(said)] for own, said in zip(weights, words, strict=True)]

    def draw(
        self,
        x: np.ndarray,
        words: list[list[str]],
        weights: list[np.ndarray],
        form: Form,
        folder: Path,
    ) -> Path:
        """Weights over the tokens of the input."""
        sources = [form.inputs.text.tokenizer.pieces(row[row != 0]) for row in x]
        return plots.attention(
            [own[:, : len(s)] for own, s in zip(weights, sources, strict=True)],
            words,
            sources,
            folder / "attention.png",
        )


def _ranked(written: Generated, form: Form) -> list[list[tuple[str, float]]]:
    return [
        [
            (form.target.text(tokens), float(score))
            for tokens, score in zip(own, scores, strict=False)
        ]
        for own, scores in zip(written.sequences(), written.scores, strict=True)
    ]


def previous(rows: np.ndarray) -> np.ndarray:
    """The tokens before each answer: all but the last of each row."""
    return np.where(rows[:, 1:] != 0, rows[:, :-1], 0)


def entered(model: keras.Model, x: np.ndarray) -> np.ndarray:
    """The first input as the architecture inside a run's model gets it: preprocessed."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            return np.asarray(x)
        if not isinstance(layer, keras.layers.InputLayer):
            x = keras.ops.convert_to_numpy(layer(x))
    return x

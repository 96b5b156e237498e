"""The next token of a text."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerasdl import metrics as figures
from kerasdl.data import Batches, Data, Form, Samples, WindowBatches
from kerasdl.errors import UserError
from kerasdl.inside import inner_layers
from kerasdl.tasks.examples import in_words
from kerasdl.tasks.task import Evaluation
from kerasdl.tasks.token_scores import TokenScores
from kerasdl.tasks.token_task import TokenTask

_BATCH = 64
_EACH = 3


class LanguageModelling(TokenTask):
    """Rows of a text in, each token's target the next one."""

    padding = None

    def batches(
        self,
        samples: Samples,
        loss: keras.losses.Loss,
        data: Data,
        shuffle: bool = True,
        steps: int | None = None,
        streams: int | None = None,
        **how: Any,
    ) -> Batches:
        """Windows that begin anywhere in the text; without `shuffle` its rows in their order.

        With `streams` each row of a batch goes on where that of the batch before ended.
        """
        if streams is not None:
            order = in_streams(len(samples), streams)
            how |= {"batch_size": streams, "shuffle": False}
            return Batches(samples.x[order], samples.y[order], **how)
        if not shuffle:
            return Batches(samples.x, samples.y, shuffle=False, **how)
        return WindowBatches(running(samples), samples.x.shape[1], steps=steps, **how)

    def outputs(
        self, samples: Samples, model: keras.Model, form: Form, flip: bool = False
    ) -> list[TokenScores]:
        """The scores of each row: of the tokens after each of its own."""
        answers = samples.y
        if answers is None:  # rows that were read, padded: each token but the first is an answer
            answers = np.pad(samples.x[:, 1:], ((0, 0), (0, 1)))
        scores = [TokenScores() for _ in range(len(samples))]
        streams = None if samples.y is None else streams_of(model)
        for logits, rows in self._read(samples.x, model, streams):
            for own, row in zip(logits, rows, strict=True):
                scores[row].add(own, answers[row], None if samples.y is not None else 0)
        return scores

    def _read(
        self, x: np.ndarray, model: keras.Model, streams: int | None
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Logits, and the numbers of their rows; with `streams` a batch goes on from the last."""
        order = in_streams(len(x), streams) if streams else np.arange(len(x))
        size = streams or _BATCH
        for begin in range(0, len(order), size):
            if begin == 0 or not streams:
                reset_states(model)
            rows = order[begin : begin + size]
            filled = np.pad(x[rows], ((0, size - len(rows)), (0, 0)))  # one shape is compiled
            yield np.asarray(model.predict_on_batch(filled))[: len(rows)], rows

    def evaluate(
        self, samples: Samples, outputs: list[TokenScores], model: keras.Model, data: Data
    ) -> Evaluation:
        """Loss in nats a token, perplexity, accuracy; bits a character where tokens spell it."""
        total = _sum(outputs)
        characters = None
        if data.inputs.text is not None and data.inputs.text.tokenizer.kind != "words":
            read = samples.y[[own.tokens > 0 for own in outputs]]
            characters = len(data.inputs.text.text(read.ravel()))
        return Evaluation(figures.token_metrics(total.loss, total.tokens, total.right, characters))

    def present(
        self,
        outputs: list[TokenScores],
        model: keras.Model,
        form: Form,
        names: list[str],
        inputs: np.ndarray,
    ) -> list[dict[str, Any]]:
        """How well the model foresees each text: the fewer, the better."""
        rows: list[dict[str, Any]] = []
        for name, own in zip(names, outputs, strict=True):
            row: dict[str, Any] = {"input": name, "tokens": own.tokens + 1}
            if own.tokens:
                row |= figures.token_metrics(own.loss, own.tokens, own.right)
            rows.append(row)
        return rows

    def examples(
        self,
        samples: Samples,
        outputs: list[TokenScores],
        model: keras.Model,
        data: Data,
    ) -> list[dict[str, Any]]:
        """The passages that the model foresees best, and those that surprise it most."""
        read = [index for index, own in enumerate(outputs) if own.tokens]
        losses = {index: outputs[index].loss / outputs[index].tokens for index in read}
        order = sorted(read, key=losses.__getitem__)
        return [
            in_words(data.form(), samples.x[index])
            | {
                "loss a token": round(losses[index], 3),
                "right tokens": round(outputs[index].right / outputs[index].tokens, 3),
            }
            for index in dict.fromkeys([*order[:_EACH], *order[::-1][:_EACH]])
        ]

    def pictures(
        self,
        samples: Samples,
        outputs: list[TokenScores],
        model: keras.Model,
        data: Data,
        folder: Path,
    ) -> list[Path]:
        """None: `kerasdl generate` writes what the model has learned."""
        return []


def running(samples: Samples) -> np.ndarray:
    """The text whose rows and next tokens these are, once."""
    return np.append(samples.x.ravel(), samples.y[-1, -1])


def in_streams(rows: int, streams: int) -> np.ndarray:
    """Numbers of rows in an order that reads so many parts of a text at a time; the rest is cut.

    Raises:
        UserError: If there are fewer rows than parts.
    """
    steps = rows // streams
    if not steps:
        raise UserError(
            f"a text read in {streams} streams needs at least {streams} rows. Received: {rows}"
        )
    return np.arange(streams * steps).reshape(streams, steps).T.ravel()


def streams_of(model: keras.Model) -> int | None:
    """Rows of a batch, for a model whose state goes on from batch to batch; else None."""
    return next((n for x in inner_layers(model) if (n := getattr(x, "streams", None))), None)


def reset_states(model: keras.Model) -> None:
    """Lets a model whose state goes on from batch to batch begin anew."""
    for layer in inner_layers(model):
        if getattr(layer, "streams", None):
            layer.reset_state()


def _sum(scores: list[TokenScores]) -> TokenScores:
    return TokenScores(
        sum(s.loss for s in scores), sum(s.tokens for s in scores), sum(s.right for s in scores)
    )

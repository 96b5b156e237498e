"""What a run's model writes, as it is written."""

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kerasdl.errors import UserError
from kerasdl.plugin.targets import base_task
from kerasdl.training.finished import Finished, open_finished

if TYPE_CHECKING:
    from kerasdl.decoding import Decoder, Greedy, Sampling


class Writer:
    """A run's language model, for one text after another.

    Args:
        run: Folder of a finished run on language modelling.
        backend: `jax`, `tensorflow` or `torch`.

    Raises:
        UserError: If the folder is no run, or one whose architecture does not write.
    """

    def __init__(self, run: str | Path, backend: str | None = None) -> None:
        self.opened: Finished = open_finished(run, backend)
        if base_task(self.opened.form.task) != "language-modelling":
            raise UserError(
                f"{run} is a run on {self.opened.form.task}; texts go on from runs on "
                "language-modelling. For this one: kerasdl predict"
            )
        from kerasdl.decoding import decoder_of

        self.decoder: Decoder = decoder_of(self.opened.model)
        self.tokenizer = self.opened.form.inputs.text.tokenizer

    def write(
        self,
        prompt: str,
        *,
        strategy: "Greedy | Sampling",
        max_new_tokens: int = 200,
        stop: str | None = None,
        seed: int | None = None,
        overlong: str = "cut",
    ) -> Iterator[str]:
        """The text after a prompt, piece by piece.

        Where the model's context is full, it goes on from the last half of it.

        Args:
            prompt: The beginning; empty for the text's own.
            strategy: How tokens are chosen.
            max_new_tokens: Tokens at most.
            stop: A text that ends the writing, and is left out.
            seed: Of drawn tokens.
            overlong: What becomes of a prompt that fills the context: `cut` keeps its end, with a
                warning; `refuse` raises.

        Raises:
            UserError: If the prompt is too long and that is refused, or an argument out of range.
        """
        text, shown = "", 0
        tokens: list[int] = []
        for token in self._tokens(self._begun(prompt, overlong), strategy, max_new_tokens, seed):
            tokens.append(token)
            text = self.tokenizer.decode(tokens)
            end = text.find(stop) if stop else -1
            if end >= 0:
                yield text[shown:end]
                return
            # What may become the stop, or the rest of a character, is held back.
            held = _held(text, stop)
            if held > shown:
                yield text[shown:held]
                shown = held
        yield text[shown:]

    def _begun(self, prompt: str, overlong: str) -> np.ndarray:
        tokens = self.tokenizer.encode([prompt])[0] if prompt else np.array([], np.int32)
        unknown = int((tokens == self.tokenizer.unk_id).sum()) if self.tokenizer.unk_id else 0
        if unknown:
            warnings.warn(
                f"{unknown} of the prompt's {len(tokens)} tokens are not in the vocabulary",
                stacklevel=3,
            )
        if not len(tokens):
            tokens = np.array([self.tokenizer.eos_id], np.int32)
        room = self.decoder.max_length
        if room is None or len(tokens) < room:
            return tokens
        if overlong == "refuse":
            raise UserError(
                f"the prompt has {len(tokens)} tokens and the context {room}. Shorten it, or let "
                "its end be taken: overlong='cut'"
            )
        kept = max(room // 2, 1)
        warnings.warn(
            f"the prompt's {len(tokens)} tokens fill the context of {room}: "
            f"its last {kept} are used",
            stacklevel=3,
        )
        return tokens[-kept:]

    def _tokens(
        self, prompt: np.ndarray, strategy: Any, count: int, seed: int | None
    ) -> Iterator[int]:
        from kerasdl.decoding import stream

        known = prompt.tolist()
        room = self.decoder.max_length
        done = 0
        while done < count:
            if room is not None and len(known) >= room:
                known = known[-max(room // 2, 1) :]
            most = count - done if room is None else min(count - done, room - len(known) + 1)
            # Another part of the same text must not draw the same numbers again.
            own = None if seed is None else seed + done
            for step in stream(
                self.decoder,
                [known],
                strategy=strategy,
                max_new_tokens=most,
                stop=self.tokenizer.eos_id,
                seed=own,
            ):
                token = int(step.tokens[0])
                if token == self.tokenizer.eos_id:
                    return
                known.append(token)
                done += 1
                yield token


def _held(text: str, stop: str | None) -> int:
    """How much of a text can be shown already."""
    end = len(text)
    while end and text[end - 1] == "\ufffd":
        end -= 1
    if stop:
        for size in range(min(len(stop) - 1, end), 0, -1):
            if text[:end].endswith(stop[:size]):
                return end - size
    return end

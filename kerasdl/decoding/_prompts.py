"""Prompts of unequal length as one array, and the room that they leave."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from kerasdl.decoding.decoder import Decoder
from kerasdl.errors import UserError


@dataclasses.dataclass(frozen=True)
class Prompts:
    """Tokens `(B, P)`, right-padded with zeros, and lengths `(B,)`."""

    tokens: np.ndarray
    lengths: np.ndarray

    def repeated(self, times: int) -> "Prompts":
        """Each prompt so many times in a row."""
        return Prompts(np.repeat(self.tokens, times, 0), np.repeat(self.lengths, times))


def as_prompts(prompts: Any, lengths: Any, padding: str, vocabulary_size: int) -> Prompts:
    """The prompts as the programs take them.

    Args:
        prompts: Lists of tokens, or an array `(B, P)`.
        lengths: Real tokens of each row, or None for all.
        padding: Where an array has its padding, `"right"` or `"left"`.
        vocabulary_size: Tokens are below it.
    """
    if padding not in ("right", "left"):
        raise UserError(f"`padding` must be 'right' or 'left'. Received: padding={padding!r}")
    rows = [_row(number, row) for number, row in enumerate(_listed(prompts))]
    if lengths is not None:
        rows = _cut(rows, lengths, padding)
    for number, row in enumerate(rows):
        if not len(row):
            raise UserError(
                f"each prompt must have a token at least, such as the one that starts a text. "
                f"Received: prompt {number} is empty"
            )
        if row.min() < 0 or row.max() >= vocabulary_size:
            wrong = row[(row < 0) | (row >= vocabulary_size)][0]
            raise UserError(
                f"tokens must be from 0 to {vocabulary_size - 1}. "
                f"Received: {wrong} in prompt {number}"
            )
    sizes = np.array([len(row) for row in rows], "int32")
    tokens = np.zeros((len(rows), sizes.max()), "int32")
    for number, row in enumerate(rows):
        tokens[number, : len(row)] = row
    return Prompts(tokens, sizes)


def _listed(prompts: Any) -> list[Any]:
    try:
        listed = list(prompts)
    except TypeError:
        listed = []
    if isinstance(prompts, str) or not listed:
        raise UserError(
            "`prompts` must be lists of tokens, one for each prompt, or an array (B, P). "
            f"Received: prompts={prompts!r}"
        )
    return listed


def _row(number: int, row: Any) -> np.ndarray:
    values = np.asarray(row)
    whole = np.issubdtype(values.dtype, np.integer) or values.size == 0
    if values.ndim != 1 or not whole:
        raise UserError(
            "`prompts` must be lists of tokens (whole numbers), one for each prompt, or an array "
            f"(B, P). Received: prompt {number} of shape {values.shape} and type {values.dtype}"
        )
    return values.astype("int64")


def _cut(rows: list[np.ndarray], lengths: Any, padding: str) -> list[np.ndarray]:
    sizes = np.asarray(lengths)
    widths = np.array([len(row) for row in rows])
    fits = sizes.shape == (len(rows),) and np.issubdtype(sizes.dtype, np.integer)
    if not fits or (sizes < 0).any() or (sizes > widths).any():
        raise UserError(
            f"`lengths` must have shape (B,) = ({len(rows)},), with whole numbers up to the "
            f"prompts' P. Received: lengths={sizes.tolist()}"
        )
    pairs = zip(rows, sizes, strict=True)
    if padding == "right":
        return [row[:size] for row, size in pairs]
    return [row[len(row) - size :] for row, size in pairs]


def as_stop(stop: int | Sequence[int] | None, vocabulary_size: int) -> tuple[int, ...]:
    """Stop tokens, each once, in order."""
    values = () if stop is None else stop if isinstance(stop, Sequence | np.ndarray) else (stop,)
    for value in values:
        whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
        if not whole or not 0 <= value < vocabulary_size:
            raise UserError(
                f"`stop` must be a token from 0 to {vocabulary_size - 1}, or several. "
                f"Received: stop={stop!r}"
            )
    return tuple(sorted({int(value) for value in values}))


def room_for(decoder: Decoder, prompts: Prompts, max_new_tokens: int | None) -> int:
    """The number of new tokens: as asked, or as many as fit after the longest prompt.

    The last new token is not fed back, so it needs no room.
    """
    longest = int(prompts.lengths.max())
    if decoder.max_length is None:
        if max_new_tokens is None:
            raise UserError("`max_new_tokens` must be given: the decoder has no largest length")
        return max_new_tokens
    room = decoder.max_length - longest + 1
    if room < 1 or (max_new_tokens or 1) > room:
        number = int(prompts.lengths.argmax())
        raise UserError(
            f"prompt {number} has {longest} tokens of the {decoder.max_length} that the decoder "
            f"has room for, so at most {max(room, 0)} new ones fit. Shorten the prompt or ask for "
            f"fewer. Received: max_new_tokens={max_new_tokens}"
        )
    return room if max_new_tokens is None else max_new_tokens

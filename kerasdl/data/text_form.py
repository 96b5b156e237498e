"""Texts as rows of token numbers, and back."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kerasdl.data.sample_order import whole
from kerasdl.data.tokenizers import Text, Tokenizer
from kerasdl.data.truncating import truncate
from kerasdl.errors import UserError


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TextForm:
    """How a text becomes a row of token numbers, and what a trained model's inputs are read by.

    Shapes: a row is `(context,)` int32, filled up with `<pad>`, which is 0, on its right.

    Args:
        tokenizer: Of the vocabulary.
        context: Tokens in a row at most, those that mark its ends included.
        bos: Whether a row begins with `<bos>`.
        eos: Whether a row ends with `<eos>`.
        keep: Which end of a text that is too long is kept, `first` or `last`; `None` refuses it.

    Raises:
        UserError: If `context` has no room for a token.
    """

    tokenizer: Tokenizer
    context: int
    bos: bool = False
    eos: bool = False
    keep: str | None = "first"

    def __post_init__(self) -> None:
        whole("context", self.context, 2**31, start=1 + self.bos + self.eos)

    @property
    def vocab_size(self) -> int:
        """Tokens of the vocabulary, the special ones included."""
        return self.tokenizer.vocab_size

    def rows(self, texts: Iterable[Text]) -> np.ndarray:
        """The texts as `(count, context)`; a warning counts those that were cut.

        Raises:
            UserError: On a text without a token, or one that is too long with `keep=None`.
        """
        room = self.context - self.bos - self.eos
        found = truncate(self.tokenizer.encode(texts), room, self.keep)
        rows = np.full((len(found), self.context), self.tokenizer.pad_id, np.int32)
        for place, (row, numbers) in enumerate(zip(rows, found, strict=True)):
            if not len(numbers):
                raise UserError(
                    f"a text must have at least one token. Received: none in text {place} "
                    "(counted from 0). Leave it out."
                )
            ends = self.bos + len(numbers)
            row[self.bos : ends] = numbers
            if self.bos:
                row[0] = self.tokenizer.bos_id
            if self.eos:
                row[ends] = self.tokenizer.eos_id
        return rows

    def text(self, row: Sequence[int] | np.ndarray) -> str:
        """The text of a row; what marks its ends is left out."""
        return self.tokenizer.decode(row)

    def to_dict(self) -> dict[str, Any]:
        """Plain values that JSON can hold."""
        return {
            "context": self.context,
            "bos": self.bos,
            "eos": self.eos,
            "keep": self.keep,
            **self.tokenizer.to_dict(),
        }

    @classmethod
    def from_dict(cls, state: Mapping[str, Any]) -> "TextForm":
        """The form that `to_dict` was called on.

        Raises:
            UserError: If an entry is missing or is not what `to_dict` gives.
        """
        if state.get("keep", "first") not in ("first", "last", None):
            raise UserError(f"`keep` must be first, last or null. Received: {state['keep']!r:.100}")
        own = {key: state[key] for key in ("context", "bos", "eos", "keep") if key in state}
        if "context" not in own:
            raise UserError(f"a text's form must have the entry 'context'. Received: {sorted(own)}")
        return cls(tokenizer=Tokenizer.from_dict(state), **own)


def lengths_of(rows: np.ndarray, padding: int = 0) -> np.ndarray:
    """Entries of each row before its padding: `(N, T)` or `(N, T, ...)` to `(N,)`."""
    real = rows != padding
    while real.ndim > 2:
        real = real.any(axis=-1)
    return np.where(real.any(axis=1), real.shape[1] - real[:, ::-1].argmax(axis=1), 0)

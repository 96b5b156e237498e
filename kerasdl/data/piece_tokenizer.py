"""A plugin's tokenizer: what a piece of text is; the rest is the core's."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from kerasdl.data.sample_order import whole
from kerasdl.data.tokenizers import (
    SPECIAL_FORM,
    Text,
    Tokenizer,
    checked_words,
    control_tokens,
    readable_text,
    several,
)
from kerasdl.errors import UserError


class PieceTokenizer(Tokenizer):
    """A tokenizer that a plugin brings: a subclass says how a text is cut into pieces.

    The vocabulary is made of the pieces of the training texts, by falling count, then by code
    points; numbers, special tokens, padding and the file are those of `Tokenizer`. A component of
    the kind `tokenizer` names the subclass; then `kerasdl train --tokenizer "thirds(size=3)"` takes
    it, with the arguments of its `__init__` and those of `train_pieces`.

    A subclass implements `cut`; `join` where pieces are not simply written one after another; and
    `get_config` where its `__init__` takes arguments. What has a vocabulary of its own overrides
    `vocabulary`.

    Differs from: `Tokenizer`, whose four kinds are done by the package `tokenizers`, which is not
    needed here. Not for sequence labelling, where each word has a label.

    Example:
        >>> from kerasdl.data import PieceTokenizer, train_pieces
        >>> class Thirds(PieceTokenizer):
        ...     def cut(self, text):
        ...         return [text[i : i + 3] for i in range(0, len(text), 3)]
        >>> tokenizer = train_pieces(["abcabcab"], Thirds())
        >>> tokenizer.encode(["ababc"])[0].tolist(), tokenizer.decode([4, 5])
        ([1, 1], 'abcab')
    """

    kind = ""
    lowercase = False
    specials: tuple[str, ...] = ()
    _tokens: tuple[str, ...] = ()
    _origin: Mapping[str, Any] = {}

    def __init__(self) -> None:
        """Takes the options of the kind; a subclass need not call it."""

    def cut(self, text: str) -> Sequence[str]:
        """The pieces of a text, in their order."""
        raise TypeError(f"{type(self).__name__} must define `cut`.")

    def join(self, pieces: Sequence[str]) -> str:
        """The text of pieces."""
        return "".join(pieces)

    def get_config(self) -> dict[str, Any]:
        """The arguments of `__init__`, which JSON can hold."""
        return {}

    def vocabulary(self, texts: Iterable[str], min_count: int) -> list[str]:
        """The pieces that get a number, the most frequent first."""
        counts = Counter(piece for text in texts for piece in self.cut(text))
        kept = (piece for piece in counts if counts[piece] >= min_count)
        return sorted(kept, key=lambda piece: (-counts[piece], piece))

    @property
    def vocab_size(self) -> int:
        """Number of tokens, the special ones included."""
        return len(self._tokens)

    @property
    def tokens(self) -> tuple[str, ...]:
        """All tokens in order of their numbers."""
        return self._tokens

    def pieces(self, ids: Iterable[int]) -> list[str]:
        """Each token as text."""
        return [self._tokens[number] for number in ids]

    def to_dict(self) -> dict[str, Any]:
        """Plain values that JSON can hold, with the plugin that they need."""
        return {
            "kind": self.kind,
            "plugin": dict(self._origin),
            "config": self.get_config(),
            "specials": len(self.specials),
            "tokens": list(self._tokens),
        }

    def number(
        self,
        tokens: Sequence[str],
        specials: int,
        kind: str = "",
        origin: Mapping[str, Any] | None = None,
    ) -> "PieceTokenizer":
        """Gives the tokens their numbers; the first so many are the special ones. Returns itself.

        Raises:
            UserError: If a token is no text or stands twice, or the special ones are others.
        """
        self.kind, self._origin = kind, origin or {}
        self._tokens, self.specials = tuple(tokens), tuple(tokens[:specials])
        expected = control_tokens(kind)
        if (
            not all(isinstance(token, str) and token for token in self._tokens)
            or len(set(self._tokens)) < len(self._tokens)
            or self.specials[: len(expected)] != expected
        ):
            raise UserError(
                f"the tokens of tokenizer {kind!r} must be texts, each once, and begin with "
                f"{', '.join(expected)}. Received: {self._tokens[:6]}"
            )
        return self

    @cached_property
    def _vocabulary(self) -> dict[str, int]:
        """Numbers of all tokens but the special ones, which are text in a text."""
        places = enumerate(self._tokens)
        return {token: place for place, token in places if place >= len(self.specials)}

    def _numbers(self, texts: list[Text]) -> Iterator[list[int]]:
        for place, text in enumerate(texts):
            if not isinstance(text, str):
                checked_words(text, place, self.kind)
            yield self._numbers_of(readable_text(str(text), place))

    def _numbers_of(self, text: str) -> list[int]:
        parts = [text] if self._own_specials is None else self._own_specials.split(text)
        numbers: list[int] = []
        for place, part in enumerate(parts):
            if place % 2:
                numbers.append(self.specials.index(part))
            else:
                numbers += [self._vocabulary.get(p, self.unk_id) for p in self.cut(part)]
        return numbers

    def _text_of(self, numbers: list[int]) -> str:
        return self.join([self._tokens[number] for number in numbers])


def train_pieces(
    texts: Iterable[Text],
    tokenizer: PieceTokenizer,
    kind: str = "pieces",
    vocab_size: int | None = None,
    specials: Sequence[str] = (),
    min_count: int = 1,
    origin: Mapping[str, Any] | None = None,
) -> PieceTokenizer:
    """A plugin's tokenizer with the vocabulary of some texts.

    Args:
        texts: Strings, of the training samples.
        tokenizer: Made with its options, without a vocabulary.
        kind: Its name, which it is saved under.
        vocab_size: Tokens at most, the special ones included; None for all.
        specials: Special tokens of one's own, such as `<de>`.
        min_count: Times that a piece must occur.
        origin: The plugin it comes from.

    Raises:
        UserError: On an argument out of range, or texts without a piece.
    """
    added = (*control_tokens(kind), *specials)
    for token in specials:
        if not isinstance(token, str) or not SPECIAL_FORM.fullmatch(token):
            raise UserError(f"`specials` must look like <name>. Received: {token!r}")
    whole("min_count", min_count, 2**31, start=1)
    if vocab_size is not None:
        whole("vocab_size", vocab_size, 2**31, start=len(added) + 1)
    texts = list(several(texts))
    for place, text in enumerate(texts):
        if not isinstance(text, str):
            checked_words(text, place, kind)
    found = [piece for piece in tokenizer.vocabulary(texts, min_count) if piece not in added]
    if not found:
        raise UserError(f"`texts` must hold a piece of tokenizer {kind!r}. Received: none")
    return tokenizer.number((*added, *found)[:vocab_size], len(added), kind, origin)

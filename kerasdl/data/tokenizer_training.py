"""Vocabularies from texts."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from kerasdl.data.sample_order import whole
from kerasdl.data.tokenizer_parts import untrained
from kerasdl.data.tokenizers import (
    BOS,
    EOS,
    PAD,
    SPECIAL_FORM,
    UNK,
    Text,
    Tokenizer,
    checked_kind,
    checked_words,
    control_tokens,
    readable_text,
    several,
)
from kerasdl.errors import UserError, require

if TYPE_CHECKING:
    import tokenizers

_LARGEST = 2**24
"""Tokens: the library makes room for all of them at once, and ends the process where it cannot."""
_SCORE_DIGITS = 6
_SCORE_STEP = 1e-4
"""What the library adds from one character of the rarest kind to the next, in no fixed order."""


def train_tokenizer(
    texts: Iterable[Text],
    kind: str,
    vocab_size: int | None = None,
    specials: Sequence[str] = (),
    min_count: int = 1,
    lowercase: bool = False,
) -> Tokenizer:
    """A tokenizer whose vocabulary comes from `texts`: of a data set, the training split.

    Nothing is drawn at random, and the same texts give the same file: `characters` and `words` are
    ordered by falling count, then by code points; the scores of `unigram`, which the library sums
    in changing order, are rounded to six decimals.

    Args:
        texts: Strings; for the kind `words` also lists of words, taken as they are.
        kind: `characters`, `words`, `bpe` (byte pairs) or `unigram`; see `Tokenizer`.
        vocab_size: Tokens at most, the special ones included. `bpe` and `unigram` need it, below
            2**24; without it `characters` and `words` keep all.
        specials: Special tokens of one's own, such as `<de>`: found in texts, left out by `decode`.
        min_count: Times that a character, word or byte pair must occur. Not for `unigram`.
        lowercase: Whether letters are made small first; decoding then gives small letters.

    Raises:
        MissingDependencyError: Without the package `tokenizers`.
        UserError: On an argument out of range, or texts without a character.

    Example:
        >>> tokenizer = train_tokenizer([["a", "cat"], ["a", "dog"]], "words")
        >>> tokenizer.encode([["a", "cow"]])[0].tolist()
        [4, 1]
    """
    require("tokenizers", "text", "training a tokenizer")
    kind = checked_kind(kind)
    added = (*control_tokens(kind), *_checked_specials(specials, kind))
    size = _checked_size(vocab_size, kind, len(added))
    min_count = whole("min_count", min_count, 2**63, start=1)
    if kind == "unigram" and min_count > 1:
        raise UserError(f"`min_count` is not for 'unigram'. Received: min_count={min_count}")
    model = untrained(kind, lowercase)
    counted = _Counted(several(texts), kind, added[len(control_tokens(kind)) :])
    if kind == "bpe":
        _train_bpe(model, counted, size, added, min_count)
    elif kind == "unigram":
        _train_unigram(model, counted, size, added)
    else:
        _count_tokens(model, counted, size, added, min_count, kind)
    if not counted.characters:
        raise UserError("`texts` must hold at least one character. Received: none.")
    model.add_special_tokens(list(added))
    return Tokenizer.from_dict({"kind": kind, "tokenizer": _settled(model, added)})


class _Counted:
    """The texts without special tokens, checked as they pass, and a count of characters."""

    def __init__(self, texts: Iterable[Text], kind: str, specials: Sequence[str]) -> None:
        self._texts, self._kind = texts, kind
        self._special = re.compile("|".join(map(re.escape, specials))) if specials else None
        self.characters = 0

    def __iter__(self) -> Iterator[Any]:
        for place, text in enumerate(self._texts):
            if not isinstance(text, str):
                pieces: Sequence[Any] = [checked_words(text, place, self._kind)]
            elif self._special is None:
                pieces = [readable_text(text, place)]
            else:
                pieces = self._special.split(readable_text(text, place))
            for piece in pieces:
                self.characters += sum(map(len, piece))
                yield piece


def _checked_specials(specials: Sequence[str], kind: str) -> tuple[str, ...]:
    if isinstance(specials, str):
        raise UserError(f"`specials` must be a list of tokens. Received: specials={specials!r}")
    for place, token in enumerate(specials):
        if not isinstance(token, str) or not SPECIAL_FORM.fullmatch(token):
            raise UserError(f"`specials` must look like '<name>'. Received: {token!r}")
        if token in (*control_tokens(kind), UNK) or token in specials[:place]:
            raise UserError(f"`specials` must differ from one another. Received twice: {token!r}")
    return tuple(specials)


def _checked_size(vocab_size: int | None, kind: str, specials: int) -> int | None:
    least = specials + (256 if kind == "bpe" else 1)
    if vocab_size is None:
        if kind in ("bpe", "unigram"):
            raise UserError(f"`vocab_size` must be given for {kind!r}. Received: vocab_size=None")
        return None
    most = _LARGEST if kind in ("bpe", "unigram") else 2**63
    return whole("vocab_size", vocab_size, most, start=least)


def _count_tokens(
    model: "tokenizers.Tokenizer",
    texts: Iterable[Any],
    size: int | None,
    added: tuple[str, ...],
    min_count: int,
    kind: str,
) -> None:
    """The most frequent characters or words as the vocabulary of `model`."""
    from tokenizers import models

    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(_cut(model, text, kind))
    for token in added:
        counts.pop(token, None)
    kept = sorted((t for t in counts if counts[t] >= min_count), key=lambda t: (-counts[t], t))
    tokens = (*added, *kept)[:size]
    numbers = {token: number for number, token in enumerate(tokens)}
    model.model = models.WordLevel(numbers, unk_token=UNK)


def _cut(model: "tokenizers.Tokenizer", text: Any, kind: str) -> Iterable[str]:
    normalizer, cutter = model.normalizer, model.pre_tokenizer
    if not isinstance(text, str):
        return text if normalizer is None else map(normalizer.normalize_str, text)
    text = text if normalizer is None else normalizer.normalize_str(text)
    if kind == "characters":
        return text
    return (word for word, _ in cutter.pre_tokenize_str(text))


def _train_bpe(
    model: "tokenizers.Tokenizer",
    texts: Iterable[str],
    size: int | None,
    added: tuple[str, ...],
    min_count: int,
) -> None:
    from tokenizers import pre_tokenizers, trainers

    trainer = trainers.BpeTrainer(
        vocab_size=size,
        min_frequency=min_count,
        special_tokens=list(added),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    model.train_from_iterator(texts, trainer)


def _train_unigram(
    model: "tokenizers.Tokenizer", texts: Iterable[str], size: int | None, added: tuple[str, ...]
) -> None:
    from tokenizers import trainers

    trainer = trainers.UnigramTrainer(
        vocab_size=size, special_tokens=list(added), unk_token=UNK, show_progress=False
    )
    try:
        model.train_from_iterator(texts, trainer)
    except UserError:
        raise
    except Exception as error:  # the library raises plain Exception
        raise UserError(f"no 'unigram' vocabulary of {size} from these texts: {error}") from None


def _settled(model: "tokenizers.Tokenizer", added: tuple[str, ...]) -> dict[str, Any]:
    """The model as plain values: what depends on the texts alone, and which tokens texts may hold.

    A token that is not `special` is found in a text.
    """
    state = json.loads(model.to_str())
    for token in state["added_tokens"]:
        token["special"] = token["content"] in (PAD, UNK, BOS, EOS)
    if state["model"]["type"] == "Unigram":
        state["model"]["vocab"] = _settled_scores(state["model"]["vocab"], len(added))
    return state


def _settled_scores(vocabulary: list[list[Any]], specials: int) -> list[list[Any]]:
    """The pieces with the scores and in the order that depend on the texts alone.

    A character that only the alphabet needs gets the lowest score and a step more than the one
    before it, in an order that changes from run to run: here all of them get the lowest.
    """
    pieces = vocabulary[specials:]
    lowest = min(score for _, score in pieces)
    reach = lowest + _SCORE_STEP * (sum(len(piece) == 1 for piece, _ in pieces) + 0.5)
    settled = [
        [piece, round(lowest if len(piece) == 1 and score < reach else score, _SCORE_DIGITS)]
        for piece, score in pieces
    ]
    return vocabulary[:specials] + sorted(settled, key=lambda entry: (-entry[1], entry[0]))

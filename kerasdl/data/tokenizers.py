"""Text to token numbers and back."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kerasdl.data.files import read_utf8
from kerasdl.data.tokenizer_parts import UNK, WORD, check_numbers, check_parts
from kerasdl.errors import UserError, did_you_mean, require

if TYPE_CHECKING:
    import tokenizers

PAD, BOS, EOS = "<pad>", "<bos>", "<eos>"
TOKENIZER_KINDS = ("characters", "words", "bpe", "unigram")
SPECIAL_FORM = re.compile(r"<[^<>\s]+>")

Text = str | Sequence[str]


class Tokenizer:
    """Texts as token numbers, and back, by a vocabulary that `train_tokenizer` made.

    A `tokenizers.Tokenizer` of Hugging Face does the work, so that encoding is fast and the file
    is read elsewhere too. Kinds:

    | kind | tokens | back to the same text |
    |---|---|---|
    | `characters` | code points | where all are in the vocabulary |
    | `words` | words and punctuation marks, or a list's words as they are | with single spaces |
    | `bpe` | byte pairs: merged UTF-8 bytes | always |
    | `unigram` | pieces of words, `▁` for a space | but for a first space and unseen characters |

    Numbers: `<pad>` is 0. Where something can be unknown (all kinds but `bpe`) `<unk>` is 1. Then
    `<bos>`, `<eos>`, the special tokens of one's own, and the vocabulary.

    Special tokens: one's own are found in a text and become one token each. The four above are
    not: `<pad>` in a text is text, so that no text can end a sequence. A word `<unk>` in a list
    of words is the unknown token, as in corpora with rare words replaced.

    Args:
        kind: One of `TOKENIZER_KINDS`.
        model: What encodes and decodes, its first tokens being the special ones.

    Raises:
        UserError: On an unknown kind, or a model that lacks a special token where it belongs.

    Differs from: `tokenizers.Tokenizer`, which takes `<pad>` in a text for padding;
    `keras.layers.TextVectorization`, which needs TensorFlow and does not decode.

    Example:
        >>> from kerasdl.data import train_tokenizer
        >>> tokenizer = train_tokenizer(["to be or not to be"], "characters")
        >>> tokenizer.decode(tokenizer.encode(["not to be"])[0])
        'not to be'

    Reference: Sennrich et al., 2016, https://arxiv.org/abs/1508.07909 (byte pairs);
    Kudo, 2018, https://arxiv.org/abs/1804.10959 (unigram).
    """

    def __init__(self, kind: str, model: "tokenizers.Tokenizer") -> None:
        self.kind = checked_kind(kind)
        self._model = model
        self._model.encode_special_tokens = True  # the control tokens in a text are text
        added = model.get_added_tokens_decoder()
        self.specials = tuple(added[number].content for number in sorted(added))
        expected = control_tokens(kind)
        if sorted(added) != list(range(len(added))) or self.specials[: len(expected)] != expected:
            raise UserError(
                f"the tokens of a tokenizer must begin with {', '.join(expected)}. "
                f"Received the special tokens: {', '.join(self.specials) or 'none'}"
            )

    @property
    def vocab_size(self) -> int:
        """Number of tokens, the special ones included."""
        return self._model.get_vocab_size()

    @property
    def lowercase(self) -> bool:
        """Whether letters are made small first."""
        return self._normalized("A") == "a"

    @property
    def pad_id(self) -> int:
        """Number of `<pad>`: 0."""
        return self.specials.index(PAD)

    @property
    def unk_id(self) -> int | None:
        """Number of `<unk>`: 1, or `None` for `bpe`, to which nothing is unknown."""
        return None if UNK not in self.specials else self.specials.index(UNK)

    @property
    def bos_id(self) -> int:
        """Number of `<bos>`, for the beginning of a sequence."""
        return self.specials.index(BOS)

    @property
    def eos_id(self) -> int:
        """Number of `<eos>`, for the end of a sequence."""
        return self.specials.index(EOS)

    @property
    def tokens(self) -> tuple[str, ...]:
        """All tokens in order of their numbers, as the model writes them."""
        numbers = self._model.get_vocab()
        return tuple(sorted(numbers, key=numbers.__getitem__))

    def pieces(self, ids: Iterable[int]) -> list[str]:
        """Each token as a reader wants it: of `bpe` its characters, else as the model has it."""
        names = self.tokens
        return [
            self._model.decode([int(number)], skip_special_tokens=False)
            if self.kind == "bpe" and number >= len(self.specials)
            else names[number]
            for number in ids
        ]

    def encode(
        self, texts: Iterable[Text], bos: bool = False, eos: bool = False
    ) -> list[np.ndarray]:
        """Token numbers of each text, int32.

        Args:
            texts: Strings; for the kind `words` also lists of words, one token a word.
            bos: Whether each begins with `<bos>`.
            eos: Whether each ends with `<eos>`.

        Raises:
            UserError: If `texts` is one string, or an entry is no text.
        """
        before, after = [self.bos_id] * bos, [self.eos_id] * eos
        return [
            np.array(before + numbers + after, np.int32)
            for numbers in self._numbers(list(several(texts)))
        ]

    def decode(self, ids: Iterable[int]) -> str:
        """The text of one sequence of token numbers; special tokens are left out.

        Raises:
            UserError: If a number is outside the vocabulary.
        """
        numbers = np.asarray(ids if isinstance(ids, np.ndarray) else list(ids))
        if numbers.ndim != 1 or (numbers.size and numbers.dtype.kind not in "iu"):
            raise UserError(
                "`ids` must be one sequence of whole numbers. "
                f"Received: shape {numbers.shape}, dtype {numbers.dtype}"
            )
        wrong = numbers[(numbers < 0) | (numbers >= self.vocab_size)]
        if wrong.size:
            raise UserError(
                f"`ids` must be in [0, {self.vocab_size}), the vocabulary. Received: {wrong[0]}"
            )
        kept = numbers[numbers >= len(self.specials)].tolist()
        return self._text_of(kept)

    def to_dict(self) -> dict[str, Any]:
        """Plain values that JSON can hold: `kind`, and `tokenizer` in Hugging Face's form."""
        return {"kind": self.kind, "tokenizer": json.loads(self._model.to_str())}

    @classmethod
    def from_dict(cls, state: Mapping[str, Any]) -> "Tokenizer":
        """The tokenizer that `to_dict` was called on.

        Raises:
            UserError: If an entry is missing or is not what a tokenizer writes.
        """
        if isinstance(state, Mapping) and state.get("plugin"):
            from kerasdl.data.plugin_tokenizer import restored

            return restored(state)
        require("tokenizers", "text", "reading a tokenizer")
        import tokenizers

        if not isinstance(state, Mapping) or not {"kind", "tokenizer"} <= set(state):
            raise UserError(
                "a tokenizer must have the entries kind, tokenizer. "
                f"Received: {sorted(state) if isinstance(state, Mapping) else type(state).__name__}"
            )
        check_numbers(state["tokenizer"])
        try:
            model = tokenizers.Tokenizer.from_str(json.dumps(state["tokenizer"]))
        except Exception as error:  # the library raises plain Exception
            raise UserError(f"`tokenizer` is not in the form of tokenizers ({error}).") from None
        made = cls(state["kind"], model)
        check_parts(made.kind, model, made.specials)
        return made

    def save(self, path: str | Path) -> None:
        """Writes `to_dict` as one JSON file; equal tokenizers write equal files.

        Raises:
            UserError: If the file cannot be written.
        """
        text = json.dumps(self.to_dict(), ensure_ascii=False, separators=(",", ":"))
        try:
            Path(path).write_text(text + "\n", encoding="utf-8", newline="\n")
        except OSError as error:
            raise UserError(f"{path}: cannot be written ({error.strerror or error}).") from None

    @classmethod
    def load(cls, path: str | Path) -> "Tokenizer":
        """The tokenizer that `save` wrote.

        Raises:
            UserError: If the file is missing, or was not written by `save`.
        """
        try:
            state = json.loads(read_utf8(path))
        except json.JSONDecodeError as error:
            raise UserError(f"{path}, line {error.lineno}: not JSON ({error.msg}).") from None
        except (ValueError, RecursionError) as error:
            raise UserError(f"{path}: not JSON ({error}).") from None
        return cls.from_dict(state)

    def _numbers(self, texts: list[Text]) -> Iterator[list[int]]:
        strings = [readable_text(text, n) for n, text in enumerate(texts) if isinstance(text, str)]
        encoded = map(self._character_numbers, strings)
        if self.kind != "characters":
            batch = self._model.encode_batch(strings, add_special_tokens=False)
            encoded = (entry.ids for entry in batch)
        for place, text in enumerate(texts):
            yield next(encoded) if isinstance(text, str) else self._word_numbers(text, place)

    def _text_of(self, numbers: list[int]) -> str:
        return self._model.decode(numbers, skip_special_tokens=False)

    @cached_property
    def _vocabulary(self) -> dict[str, int]:
        """Numbers of all tokens but those that may not come out of a text."""
        controls = set(control_tokens(self.kind)) - {UNK}
        vocabulary = self._model.get_vocab().items()
        return {token: number for token, number in vocabulary if token not in controls}

    @cached_property
    def _own_specials(self) -> re.Pattern[str] | None:
        own = self.specials[len(control_tokens(self.kind)) :]
        return re.compile(f"({'|'.join(map(re.escape, own))})") if own else None

    def _character_numbers(self, text: str) -> list[int]:
        """What the model would give: it is made for longer tokens, and thirty times slower."""
        pieces = [text] if self._own_specials is None else self._own_specials.split(text)
        numbers: list[int] = []
        for place, piece in enumerate(pieces):
            tokens = [piece] if place % 2 else self._normalized(piece)
            numbers += [self._vocabulary.get(token, self.unk_id) for token in tokens]
        return numbers

    def _word_numbers(self, words: Any, place: int) -> list[int]:
        checked = checked_words(words, place, self.kind)
        tokens = [word if word in self.specials else self._normalized(word) for word in checked]
        return [self._vocabulary.get(token, self.unk_id) for token in tokens]

    def _normalized(self, text: str) -> str:
        normalizer = self._model.normalizer
        return text if normalizer is None else normalizer.normalize_str(text)


def split_words(text: str) -> list[str]:
    """The words and punctuation marks of a text, as the kind `words` has them."""
    return re.findall(WORD, text)


def control_tokens(kind: str) -> tuple[str, ...]:
    """The special tokens that every tokenizer of a kind begins with."""
    return (PAD, BOS, EOS) if kind == "bpe" else (PAD, UNK, BOS, EOS)


def checked_kind(kind: str) -> str:
    """`kind`, or a `UserError` that lists the kinds."""
    if kind not in TOKENIZER_KINDS:
        raise UserError(
            f"`kind` must be one of {', '.join(TOKENIZER_KINDS)}. Received: kind={kind!r}."
            + did_you_mean(str(kind), TOKENIZER_KINDS)
        )
    return kind


def several(texts: Iterable[Text]) -> Iterable[Text]:
    """`texts` unless it is one string, whose characters would be taken for texts."""
    if isinstance(texts, str | bytes):
        raise UserError(f"`texts` must be several texts. Received one: give [{texts[:20]!r}].")
    return texts


def readable_text(text: str, place: int) -> str:
    """`text` unless it holds half a surrogate pair, which UTF-8 has no form for."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise UserError(
            f"text {place} (counted from 0) must be Unicode. "
            f"Received: a lone surrogate at character {error.start}."
        ) from None
    return text


def checked_words(words: Any, place: int, kind: str) -> list[str]:
    """A list of words for the kind `words`, or a `UserError`."""
    if kind != "words":
        raise UserError(
            f"text {place} (counted from 0) must be a string: lists of words are for the kind "
            f"'words'. Received: {type(words).__name__}, kind={kind!r}"
        )
    if not isinstance(words, Sequence) or not all(isinstance(word, str) for word in words):
        raise UserError(
            f"text {place} (counted from 0) must be a string or a list of words. "
            f"Received: {words!r:.60}"
        )
    return [readable_text(word, place) for word in words]

"""What the kinds of tokenizers are made of."""

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from kerasdl.errors import UserError

if TYPE_CHECKING:
    import tokenizers

UNK = "<unk>"
WORD = r"\w+(?:['’\-]\w+)*|[^\w\s]"
"""What the kind `words` takes for one: letters and digits with marks inside, or a single mark."""


_OF_VOCABULARY = ("vocab", "merges", "unk_id")


def untrained(kind: str, lowercase: bool) -> "tokenizers.Tokenizer":
    """A tokenizer of a kind, its vocabulary still to be made."""
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

    if kind == "bpe":
        model = Tokenizer(models.BPE())
        model.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        model.decoder = decoders.ByteLevel()
    elif kind == "unigram":
        model = Tokenizer(models.Unigram())
        # Apart from `<`, no piece can be a special token: in a text, those are text.
        model.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.Metaspace(), pre_tokenizers.Split("<", "isolated")]
        )
        model.decoder = decoders.Metaspace()
    else:
        model = Tokenizer(models.WordLevel(unk_token=UNK))
        pattern = Regex(WORD if kind == "words" else r"[\s\S]")
        behavior = "removed" if kind == "words" else "isolated"
        model.pre_tokenizer = pre_tokenizers.Split(pattern, behavior, invert=kind == "words")
        if kind == "characters":
            model.decoder = decoders.Fuse()
    if lowercase:
        model.normalizer = normalizers.Lowercase()
    return model


def check_numbers(state: Any) -> None:
    """Looks at a tokenizer's plain values: the library ends the process on some numbers.

    Raises:
        UserError: If its numbers leave gaps.
    """
    model = state.get("model") if isinstance(state, dict) else None
    vocabulary = model.get("vocab") if isinstance(model, dict) else None
    if not isinstance(vocabulary, dict | list):
        raise UserError("`tokenizer` is not in the form of tokenizers: it has no vocabulary")
    if isinstance(vocabulary, dict) and _gaps(vocabulary.values()):
        raise UserError("the tokens of a tokenizer must be numbered from 0 without gaps")


def check_parts(kind: str, model: "tokenizers.Tokenizer", specials: tuple[str, ...]) -> None:
    """Looks at a tokenizer from a file, which could hold patterns that take for ever.

    Raises:
        UserError: If it is not made of what `untrained` makes.
    """
    parts = _parts(model)
    if all(_parts(untrained(kind, lowercase)) != parts for lowercase in (False, True)):
        raise UserError(
            f"`tokenizer` must be of the parts that the kind {kind!r} has here. Received: others, "
            "such as another pattern. Make one with `train_tokenizer`"
        )
    numbers = model.get_vocab(with_added_tokens=False)
    unknown = json.loads(model.model.__getstate__()).get("unk_id", 1)
    if unknown != 1 or [numbers.get(token) for token in specials] != list(range(len(specials))):
        raise UserError("the vocabulary of a tokenizer must begin with its special tokens")


def _parts(model: "tokenizers.Tokenizer") -> list[Any]:
    parts = (model.normalizer, model.pre_tokenizer, model.post_processor, model.decoder)
    states = [part and part.__getstate__() for part in parts]
    own = json.loads(model.model.__getstate__())
    rest = {key: value for key, value in own.items() if key not in _OF_VOCABULARY}
    return [*states, rest, model.truncation, model.padding]


def _gaps(numbers: Iterable[Any]) -> bool:
    found = list(numbers)
    if not all(type(number) is int for number in found):
        return True
    return sorted(found) != list(range(len(found)))

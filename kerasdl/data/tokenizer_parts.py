"""What the kinds of tokenizers are made of."""

from typing import TYPE_CHECKING, Any

from kerasdl.errors import UserError

if TYPE_CHECKING:
    import tokenizers

UNK = "<unk>"
WORD = r"\w+(?:['’\-]\w+)*|[^\w\s]"
"""What the kind `words` takes for one: letters and digits with marks inside, or a single mark."""
_NOT_SET = (
    "dropout",
    "continuing_subword_prefix",
    "end_of_word_suffix",
    "fuse_unk",
    "byte_fallback",
)


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


def check_parts(kind: str, model: "tokenizers.Tokenizer") -> None:
    """Looks at a tokenizer from a file, which could hold patterns that take for ever.

    Raises:
        UserError: If it is not made of what `untrained` makes, or its numbers leave gaps.
    """
    parts = _parts(model)
    if all(_parts(untrained(kind, lowercase)) != parts for lowercase in (False, True)):
        raise UserError(
            f"`tokenizer` must be of the parts that the kind {kind!r} has here. Received: others, "
            "such as another pattern. Make one with `train_tokenizer`"
        )
    numbers = model.get_vocab().values()
    if sorted(numbers) != list(range(len(numbers))):
        raise UserError("the tokens of a tokenizer must be numbered from 0 without gaps")


def _parts(model: "tokenizers.Tokenizer") -> list[Any]:
    parts = (model.normalizer, model.pre_tokenizer, model.post_processor, model.decoder)
    rest = [getattr(model.model, name, None) or None for name in _NOT_SET]
    states = [part and part.__getstate__() for part in parts]
    return [*states, *rest, type(model.model), model.truncation, model.padding]

"""Texts of a split data set as token numbers, by a vocabulary of its training samples."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from kerasdl.calls import read_call
from kerasdl.data.checks import check_data
from kerasdl.data.inputs import Inputs
from kerasdl.data.packing import pack
from kerasdl.data.plans import TextPlan
from kerasdl.data.plugin_tokenizer import is_plugins, trained
from kerasdl.data.records import Data, Samples
from kerasdl.data.text_form import TextForm
from kerasdl.data.tokenizer_training import train_tokenizer
from kerasdl.data.tokenizers import Text, Tokenizer, checked_kind
from kerasdl.errors import UserError

MASK = "<mask>"
"""The token that stands for one to be guessed, in masked language modelling."""
NO_LABEL = -1
"""The label of a place without a word."""
LANGUAGE_CONTEXT = 64
"""Tokens in a row for language modelling, where nobody says."""


def tokenized(data: Data, plan: TextPlan) -> Data:
    """`data` with numbers for texts, as its task wants them.

    | task | `x` | `y` |
    |---|---|---|
    | text-classification | `(N, context)` | class numbers |
    | sequence-labelling | `(N, context)`, or `(N, context, 1 + word_length)`: each word's number
      and its characters' | `(N, context)`, -1 where there is no word |
    | language-modelling | `(rows, context)`, texts end to end | the next tokens |
    | masked-language-modelling | `(N, context)` | none |
    | sequence-to-sequence | `(N, context)` | `(N, target_context)`, from `<bos>` to `<eos>` |
    | captioning | images | likewise |

    Raises:
        UserError: On a tokenizer that cannot be, or a text that is too long where such are refused.
    """
    found = _MAKERS[data.task](data, plan)
    return check_data(found.replace(plan=None))


def _classified(data: Data, plan: TextPlan) -> Data:
    form = _form(data.train.x, plan.tokenizer, plan.context, plan.keep)
    return _with(data, lambda s: Samples(form.rows(s.x), s.y), _inputs(form))


def _labelled(data: Data, plan: TextPlan) -> Data:
    form = _form(data.train.x, plan.tokenizer, plan.context, plan.keep)
    if form.tokenizer.kind != "words":
        raise UserError(
            "`tokenizer` must be words for sequence-labelling: each word has a label. "
            f"Received: {plan.tokenizer!r}"
        )
    inputs = _inputs(form)
    if plan.word_length:
        characters = _trained(
            [word for text in data.train.x for word in text], "characters(min_count=2)"
        )
        inner = TextForm(tokenizer=characters, context=plan.word_length)
        inputs = Inputs(
            kind="words",
            shape=(form.context, 1 + plan.word_length),
            dtype="int32",
            text=form,
            characters=inner,
        )

    def numbers(samples: Samples) -> Samples:
        labels = np.full((len(samples), form.context), NO_LABEL, np.int32)
        for row, own in zip(labels, samples.y, strict=True):
            kept = own[-form.context :] if plan.keep == "last" else own[: form.context]
            row[: len(kept)] = kept
        return Samples(word_rows(inputs, samples.x), labels)

    return _with(data, numbers, inputs)


def word_rows(inputs: Inputs, texts: Sequence[Sequence[str]]) -> np.ndarray:
    """Words as the inputs have them: their numbers, and their characters' where those are read."""
    numbers = inputs.text.rows(texts)
    if inputs.characters is None:
        return numbers
    context, width = inputs.shape
    rows = np.zeros((len(texts), context, width), np.int32)
    rows[:, :, 0] = numbers
    # A word's numbers are looked up once: texts repeat their words.
    known = {word: None for text in texts for word in text if word}
    spelled = dict(zip(known, _spelled(inputs.characters, list(known)), strict=True))
    last = inputs.text.keep == "last"
    for row, text in zip(rows, texts, strict=True):
        for place, word in enumerate(text[-context:] if last else text[:context]):
            row[place, 1:] = spelled[word]
    return rows


def _spelled(form: TextForm, words: list[str]) -> np.ndarray:
    """Characters of each word, the first so many."""
    rows = np.zeros((len(words), form.context), np.int32)
    for row, numbers in zip(rows, form.tokenizer.encode(words), strict=True):
        row[: len(numbers)] = numbers[: form.context]
    return rows


def _running(data: Data, plan: TextPlan) -> Data:
    """Texts end to end in rows, each token's target the next."""
    whole = plan.one_text
    texts = {name: _joined(part.x) if whole else part.x for name, part in data.parts.items()}
    tokenizer = _trained(texts["train"], plan.tokenizer)
    form = TextForm(tokenizer=tokenizer, context=plan.context or LANGUAGE_CONTEXT, keep="last")
    end = None if whole else tokenizer.eos_id
    samples = {
        name: Samples(*pack(tokenizer.encode(part), form.context, end)[:2])
        for name, part in texts.items()
    }
    return data.replace(**samples, inputs=_inputs(form), outputs=form.vocab_size)


def _joined(pieces: Iterable[str]) -> list[str]:
    return ["".join(pieces)]


def _masked(data: Data, plan: TextPlan) -> Data:
    form = _form(data.train.x, plan.tokenizer, plan.context, plan.keep, specials=(MASK,))
    found = _with(data, lambda s: Samples(form.rows(s.x)), _inputs(form))
    return found.replace(outputs=form.vocab_size)


def _translated(data: Data, plan: TextPlan) -> Data:
    source = _form(data.train.x, plan.tokenizer, plan.context, plan.keep, eos=True)
    target = _target(data, plan)
    found = _with(data, lambda s: Samples(source.rows(s.x), target.rows(s.y), s.y), _inputs(source))
    return found.replace(target=target, outputs=target.vocab_size)


def _captioned(data: Data, plan: TextPlan) -> Data:
    target = _target(data, plan)
    found = _with(data, lambda s: Samples(s.x, target.rows(s.y), s.y), data.inputs)
    return found.replace(target=target, outputs=target.vocab_size)


def _target(data: Data, plan: TextPlan) -> TextForm:
    written = plan.target_tokenizer or plan.tokenizer
    keep = None if plan.keep is None else "first"
    return _form(data.train.y, written, plan.target_context, keep, bos=True, eos=True)


def _form(
    texts: Sequence[Text],
    written: str,
    context: int | None,
    keep: str | None,
    bos: bool = False,
    eos: bool = False,
    specials: tuple[str, ...] = (),
) -> TextForm:
    tokenizer = _trained(texts, written, specials)
    if context is None:
        context = max(map(len, tokenizer.encode(texts))) + bos + eos
    return TextForm(tokenizer=tokenizer, context=context, bos=bos, eos=eos, keep=keep)


def _trained(texts: Iterable[Text], written: str, specials: tuple[str, ...] = ()) -> Tokenizer:
    kind, arguments = read_call("tokenizer", written)
    own = (*arguments.pop("specials", ()), *specials)
    try:
        if is_plugins(kind):
            return trained(list(texts), kind, specials=own, **arguments)
        checked_kind(kind)
        return train_tokenizer(list(texts), kind, specials=own, **arguments)
    except TypeError as error:
        raise UserError(f"tokenizer {written!r} cannot be made: {error}") from None


def _inputs(form: TextForm) -> Inputs:
    return Inputs(kind="tokens", shape=(form.context,), dtype="int32", text=form)


def _with(data: Data, numbers: Callable[[Samples], Samples], inputs: Inputs) -> Data:
    parts: dict[str, Any] = {name: numbers(part) for name, part in data.parts.items()}
    return data.replace(**parts, inputs=inputs)


_MAKERS: dict[str, Callable[[Data, TextPlan], Data]] = {
    "text-classification": _classified,
    "sequence-labelling": _labelled,
    "language-modelling": _running,
    "masked-language-modelling": _masked,
    "sequence-to-sequence": _translated,
    "captioning": _captioned,
}

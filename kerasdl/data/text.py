"""Text as numbers: characters of a text in windows, words of short texts in rows."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from kerasdl.data.checks import check_data
from kerasdl.data.files import bare_name, read_utf8
from kerasdl.data.inputs import Inputs
from kerasdl.data.records import Data, Samples
from kerasdl.errors import UserError

DEFAULT_CONTEXT = 64
"""Characters in a window of a text."""

_WORD = re.compile(r"[a-z0-9]+(?:'[a-z]+)?|[!?]")
_TAG = re.compile(r"<[^<>]{1,40}>")


def load_text(path: Path, context: int = DEFAULT_CONTEXT) -> Data:
    """A text file for language modelling: each character predicts the next.

    The text is cut into windows of `context` characters that do not overlap; the target is the
    window one character on. What is left at the end is not used. The vocabulary is the text's
    characters in order of their code points.

    Args:
        path: A text in UTF-8, `.gz` and `.xz` too.
        context: Characters in a window, at least 1.

    Raises:
        UserError: If the file is no text, or too short for three windows.
    """
    text = read_utf8(path)
    least = 3 * context + 1
    if len(text) < least:
        raise UserError(
            f"{path}: a text needs at least {least} characters (three windows of {context} and one "
            f"to predict). Received: {len(text)}."
        )
    vocabulary = tuple(sorted(set(text)))
    inputs = Inputs(kind="text", shape=(context,), dtype="int32", vocabulary=vocabulary)
    numbers = character_numbers(text, vocabulary)
    windows = (len(numbers) - 1) // context
    end = windows * context
    return check_data(
        Data(
            name=bare_name(path),
            task="language-modelling",
            train=Samples(
                numbers[:end].reshape(windows, context),
                numbers[1 : end + 1].reshape(windows, context),
            ),
            inputs=inputs,
            outputs=inputs.vocab_size,
            source=str(path),
        )
    )


def character_numbers(text: str, vocabulary: Sequence[str]) -> np.ndarray:
    """Each character's place in the vocabulary, counted from 1; 0 for one that is not there."""
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    known = np.array([ord(character) for character in vocabulary], np.uint32)
    sorter = np.argsort(known)
    places = np.searchsorted(known, points, sorter=sorter).clip(max=len(known) - 1)
    numbers = sorter[places]
    return np.where(known[numbers] == points, numbers + 1, 0).astype(np.int32)


def words(text: str) -> list[str]:
    """Lower-case words of a text, and its `!` and `?`; tags such as `<br />` are dropped."""
    return _WORD.findall(_TAG.sub(" ", text).lower())


def frequent_words(texts: Iterable[Sequence[str]], count: int) -> tuple[str, ...]:
    """The `count` most frequent words, those of equal frequency by the alphabet."""
    counts = Counter(word for text in texts for word in text)
    return tuple(sorted(counts, key=lambda word: (-counts[word], word))[:count])


def word_numbers(
    texts: Sequence[Sequence[str]], vocabulary: Sequence[str], context: int
) -> np.ndarray:
    """Texts as rows of `context` numbers: 0 padding at the end, 1 unknown, then the vocabulary.

    Of a longer text the last `context` words are kept.
    """
    places = {word: number for number, word in enumerate(vocabulary, start=2)}
    rows = np.zeros((len(texts), context), np.int32)
    for row, text in zip(rows, texts, strict=True):
        kept = [places.get(word, 1) for word in text[-context:]]
        row[: len(kept)] = kept
    return rows

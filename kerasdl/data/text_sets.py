"""Texts with what belongs to each, as a data set that is not yet in numbers."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kerasdl.data.checks import check_data
from kerasdl.data.inputs import Inputs
from kerasdl.data.plans import TextPlan
from kerasdl.data.records import Data, Samples
from kerasdl.errors import UserError, did_you_mean

TEXT_TASKS = (
    "text-classification",
    "sequence-labelling",
    "language-modelling",
    "masked-language-modelling",
    "sequence-to-sequence",
)
_ALONE = ("language-modelling", "masked-language-modelling")
_PIECE = 1000  # characters

Part = tuple[Sequence[Any], Sequence[Any] | None]


def texts_data(
    parts: Mapping[str, Part],
    task: str,
    *,
    name: str,
    plan: TextPlan | None = None,
    source: str = "",
    license: str = "",
) -> Data:
    """A data set of texts, to be split and then prepared.

    Args:
        parts: Texts and what belongs to each, by `train`, `validation`, `test`, the last two as far
            as there are any. What belongs to a text: a class's name (text-classification), a label
            for each of its words (sequence-labelling, whose texts are lists of words), another text
            (sequence-to-sequence), or None.
        task: One of the five tasks of texts.
        name: Name of the data set.
        plan: How it becomes numbers unless the user says otherwise.
        source: Where it comes from.
        license: As the source states it.

    Raises:
        UserError: On an unknown task, unequal lengths, or a class that training does not have.

    Example:
        >>> parts = {"train": (["good", "bad", "fine"], ["yes", "no", "yes"])}
        >>> texts_data(parts, "text-classification", name="opinions").classes
        ('no', 'yes')
    """
    if task not in TEXT_TASKS:
        raise UserError(
            f"`task` of texts must be one of {', '.join(TEXT_TASKS)}. Received: task={task!r}."
            + did_you_mean(task, TEXT_TASKS)
        )
    samples = {part: _samples(x, y, task, f"{name} ({part})") for part, (x, y) in parts.items()}
    classes = None
    if task in ("text-classification", "sequence-labelling"):
        classes = _classes(samples["train"], task)
        samples = {part: _numbered(s, classes, task, name) for part, s in samples.items()}
    return check_data(
        Data(
            name=name,
            task=task,
            **samples,
            inputs=Inputs(kind="texts", shape=(), dtype="string"),
            outputs=len(classes) if classes else 0,
            classes=classes,
            source=source,
            license=license,
            plan=plan or TextPlan(),
        )
    )


def running_text(text: str, **about: Any) -> Data:
    """One text for language modelling; what `split` makes of it lies one after the other.

    Args:
        text: The text.
        **about: Of `texts_data`: `name`, `plan`, `source`, `license`.
    """
    plan = about.pop("plan", None) or TextPlan(tokenizer="characters", one_text=True)
    return texts_data({"train": (pieces(text), None)}, "language-modelling", plan=plan, **about)


def pieces(text: str) -> list[str]:
    """A text's lines with their ends, long ones in several pieces; joined they are the text."""
    return [
        line[start : start + _PIECE]
        for line in text.splitlines(keepends=True)
        for start in range(0, len(line), _PIECE)
    ]


def objects(values: Sequence[Any]) -> np.ndarray:
    """One entry a value, whatever the values are: NumPy would make a matrix of lists."""
    array = np.empty(len(values), dtype=object)
    for place, value in enumerate(values):
        array[place] = value
    return array


def _samples(x: Sequence[Any], y: Sequence[Any] | None, task: str, where: str) -> Samples:
    if (y is None) != (task in _ALONE):
        raise UserError(f"{where}: the task {task} needs {'no ' if y is not None else ''}targets.")
    if y is not None and len(x) != len(y):
        raise UserError(
            f"{where}: texts and targets must be equally many. Received: {len(x)} and {len(y)}."
        )
    return Samples(objects(x), None if y is None else objects(y))


def _classes(train: Samples, task: str) -> tuple[str, ...]:
    labels = train.y if task == "text-classification" else (one for own in train.y for one in own)
    return tuple(sorted(set(labels)))


def _numbered(samples: Samples, classes: tuple[str, ...], task: str, name: str) -> Samples:
    numbers = {label: number for number, label in enumerate(classes)}
    try:
        if task == "text-classification":
            return Samples(samples.x, np.array([numbers[label] for label in samples.y], np.int32))
        own = [np.array([numbers[label] for label in labels], np.int32) for labels in samples.y]
    except KeyError as error:
        raise UserError(
            f"{name}: validation and test may have no class that training has not. "
            f"Received: {error.args[0]!r}."
        ) from None
    for place, (words, labels) in enumerate(zip(samples.x, own, strict=True)):
        if len(words) != len(labels):
            raise UserError(
                f"{name}: each word must have a label. Received: {len(words)} words and "
                f"{len(labels)} labels in sample {place} (counted from 0)."
            )
    return Samples(samples.x, objects(own))

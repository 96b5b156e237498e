"""Training, validation and test samples: deterministic, stratified for classification."""

import warnings

import numpy as np

from kerasdl.data.data_warning import DataWarning
from kerasdl.data.records import CONTIGUOUS_TASKS, SINGLE_LABEL_TASKS, Data
from kerasdl.data.sample_order import whole
from kerasdl.errors import UserError, require


def split(
    data: Data,
    seed: int,
    validation: float = 0.1,
    test: float = 0.2,
    fold: tuple[int, int] | None = None,
) -> Data:
    """A copy of `data` that has training, validation and test samples.

    A split that the source has is kept; what is missing is drawn from its training samples, first
    the test samples, then the validation samples. Both fractions are of those training samples.
    Classification: each class keeps its share (scikit-learn's `train_test_split`); classes too
    rare for that stay in training whole, with a `DataWarning`. Texts that run on and series: the
    end, in one piece. The same seed gives the same samples on every machine.

    Args:
        data: What `load` returned.
        seed: At least 0.
        validation: Fraction in [0, 1); 0 makes none.
        test: Fraction in [0, 1); 0 makes none.
        fold: `(2, 5)`: the test samples are the second of five parts, which share out all samples
            and are the same for every number of the first; `test` is not looked at. Each class
            keeps its share (scikit-learn's `StratifiedKFold`).

    Raises:
        UserError: On a fraction out of range, too few samples for one in each part, or a fold of
            data whose test samples are fixed.
    """
    seed = whole("seed", seed, 2**64)
    if fold is not None:
        data = _with_fold(data, seed, *fold)
    fractions = {"test": test, "validation": validation}
    for name, fraction in fractions.items():
        if not 0 <= fraction < 1:
            raise UserError(f"`{name}` must be in [0, 1). Received: {name}={fraction}")
    wanted = {
        name: max(1, round(fraction * len(data.train)))
        for name, fraction in fractions.items()
        if name not in data.parts and fraction > 0
    }
    if sum(wanted.values()) >= len(data.train):
        raise UserError(
            f"{data.source or data.name}: too few samples for "
            f"{' and '.join(f'{name}={fractions[name]}' for name in wanted)}. "
            f"Received: {len(data.train)} training samples."
        )
    rest = np.arange(len(data.train))
    changes = {}
    for name, count in wanted.items():
        rest, taken = _cut(data, rest, count, seed)
        changes[name] = data.train.take(taken)
    if changes:
        changes["train"] = data.train.take(rest)
    return data.replace(**changes)


def _with_fold(data: Data, seed: int, number: int, folds: int) -> Data:
    if folds < 2 or not 1 <= number <= folds:
        raise UserError(f"`fold` must be NUMBER/FOLDS, such as 2/5. Received: {number}/{folds}")
    if "test" in data.parts:
        raise UserError(f"`fold` is for data without a test split, which {data.name!r} has")
    require("sklearn", "train", "splitting data")
    from sklearn.model_selection import KFold, StratifiedKFold

    kind = StratifiedKFold if data.task in SINGLE_LABEL_TASKS else KFold
    if len(data.train) < folds:
        raise UserError(f"`fold` needs {folds} samples. Received: {len(data.train)}")
    parts = kind(folds, shuffle=True, random_state=seed % 2**32).split(
        np.zeros(len(data.train)), data.train.y if kind is StratifiedKFold else None
    )
    rest, taken = list(parts)[number - 1]
    return data.replace(train=data.train.take(rest), test=data.train.take(taken))


def _cut(data: Data, indices: np.ndarray, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Splits `count` of `indices` off; both parts in rising order."""
    if data.task in CONTIGUOUS_TASKS:
        return indices[:-count], indices[-count:]
    require("sklearn", "train", "splitting data")
    from sklearn.model_selection import train_test_split

    labels, aside = None, indices[:0]
    if data.task in SINGLE_LABEL_TASKS:
        indices, aside = _without_rare(data, indices, count)
        labels = data.train.y[indices]
        if min(count, len(indices) - count) < len(np.unique(labels)):
            _say(
                data,
                f"{count} samples cannot hold every class; they are drawn without regard to it",
            )
            labels = None
    rest, taken = train_test_split(
        indices, test_size=count, random_state=seed % 2**32, stratify=labels
    )
    return np.sort(np.concatenate([rest, aside])), np.sort(taken)


def _without_rare(data: Data, indices: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Samples of classes with two samples or more, and those of the classes with one."""
    labels = data.train.y[indices]
    sizes = np.bincount(labels, minlength=data.outputs)
    rare = sizes[labels] < 2
    if not rare.any() or len(indices) - rare.sum() <= count:
        return indices, indices[:0]
    names = [str(data.classes[i]) if data.classes else str(i) for i in np.unique(labels[rare])]
    _say(
        data,
        f"{len(names)} classes have a single sample ({', '.join(names[:5])}"
        f"{', …' if len(names) > 5 else ''}); it stays in the training samples",
    )
    return indices[~rare], indices[rare]


def _say(data: Data, what: str) -> None:
    warnings.warn(f"{data.source or data.name}: {what}.", DataWarning, stacklevel=2)

"""The loss of a network that knows nothing."""

import math
from typing import Any, NamedTuple

import keras
import numpy as np

from kerasdl.diagnostics.subject import Subject
from kerasdl.losses.token_loss import TokenLoss
from kerasdl.tasks import MultiLabelClassification
from kerasdl.tasks.task import output_activation


class Chance(NamedTuple):
    """Losses that need no look at the inputs.

    Args:
        ignorant: Of equal scores for all classes, of the odds 1 to 1 for each label, or of the
            training mean.
        constant: Of the best constant answer: the entropy of the labels, the variance of values.
        words: What the first is, for a sentence.
    """

    ignorant: float
    constant: float
    words: str


def chance(subject: Subject, batches: list[tuple[Any, Any, Any]]) -> Chance | None:
    """The losses over some batches, by the model's own loss; None where there is no such answer.

    Without label smoothing and the like they are the logarithm of the classes (of the vocabulary)
    and the entropy of the labels; 1 for values, as their squares are taken in standard deviations.
    """
    output, loss = subject.model.output, subject.model.loss
    targets = [batch[1] for batch in batches]
    if not isinstance(output, keras.KerasTensor) or targets[0] is None:
        return None
    if subject.task.smooths_labels:
        answers = _classes(targets, output.shape[-1], loss, output_activation(subject.model))
        words = f"equal scores for {output.shape[-1]} classes"
    elif targets[0].ndim != len(output.shape):
        return None
    elif isinstance(subject.task, MultiLabelClassification):
        answers = _labels(targets, output_activation(subject.model))
        words = "even odds for each label"
    else:
        mean = _mean(targets)
        answers, words = (mean, mean), "the training mean"
    try:
        ignorant, constant = (_loss(loss, batches, answer, output) for answer in answers)
    except (TypeError, ValueError):  # a loss whose outputs are no answers, such as mean and spread
        return None
    count = output.shape[-1]
    if subject.task.smooths_labels and math.isclose(ignorant, math.log(count), rel_tol=1e-3):
        words = f"the logarithm of {count} classes"
    return Chance(ignorant, constant, words) if math.isfinite(ignorant) else None


def _classes(targets: list[Any], count: int, loss: Any, activation: str) -> tuple[Any, Any]:
    if targets[0].dtype.kind in "iu":
        labels = np.concatenate([target.ravel() for target in targets])
        if isinstance(loss, TokenLoss) and loss.ignored_index is not None:
            labels = labels[labels != loss.ignored_index]
        shares = np.bincount(labels, minlength=count).astype("float64")
    else:
        shares = np.concatenate([target.reshape(-1, count) for target in targets]).sum(axis=0)
    shares = np.maximum(shares / max(shares.sum(), 1e-12), 1e-12)
    even = np.full(count, 1 / count)
    if activation == "softmax":
        return even, shares
    return np.log(even) - np.log(even[0]), np.log(shares)


def _labels(targets: list[Any], activation: str) -> tuple[Any, Any]:
    shares = np.clip(_mean(targets), 1e-6, 1 - 1e-6)
    even = np.full_like(shares, 0.5)
    if activation == "sigmoid":
        return even, shares
    return np.log(even / (1 - even)), np.log(shares / (1 - shares))


def _mean(targets: list[Any]) -> np.ndarray:
    return np.concatenate(targets).astype("float64").mean(axis=0)


def _loss(loss: Any, batches: list[Any], answer: np.ndarray, output: Any) -> float:
    """The mean loss when `answer` is given everywhere."""
    found = []
    for _, y, weights in batches:
        shape = y.shape if y.ndim == len(output.shape) else (*y.shape, output.shape[-1])
        outputs = np.broadcast_to(answer, shape).astype("float32")
        found.append(float(loss(y, keras.ops.convert_to_tensor(outputs), sample_weight=weights)))
    return float(np.mean(found))

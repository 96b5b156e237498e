"""A few samples, learned by heart."""

from typing import Any, NamedTuple

import keras
import numpy as np

from kerasdl.diagnostics.chance import chance
from kerasdl.diagnostics.finding import Finding
from kerasdl.diagnostics.subject import Clock, Subject

NAME = "few-samples"
SAMPLES = 50
TOKENS = 256
"""Texts and their like are fewer samples: as many rows as hold so many answers."""
STEPS = 300
LEARNED = 0.2
"""Share of the loss by chance: a constant answer leaves all of it, so that less than a fifth cannot
be had without telling the samples apart."""
RIGHT = 0.98
"""Accuracy that counts as learned too: label smoothing and the like keep the loss up."""
EVERY = 20
"""Steps from one look to the next."""
RATE = 3e-3
"""Of Adam, for the second trial: between the usual rates of small and large networks."""


class _Trial(NamedTuple):
    learned: bool
    share: float
    accuracy: float | None
    steps: int

    @property
    def is_cut(self) -> bool:
        """Whether time was up before it was told."""
        return not self.learned and self.steps < STEPS

    def __str__(self) -> str:
        right = "" if self.accuracy is None else f", accuracy {self.accuracy:.3f}"
        return f"{self.share:.1%} of the loss by chance{right} after {self.steps} steps"


def few_samples(subject: Subject) -> Finding:
    """Whether the network can learn a handful of training samples by heart.

    Trained on them alone, with the optimizer and rate that were chosen; if these fail, with Adam at
    3e-3. Weights are put back. The share is that of the training or the inference loss, whichever
    is lower: dropout keeps the one up, slow moving averages the other.

    Reference: Stanford CS231n, notes "Neural Networks 3", section "Sanity checks",
    https://cs231n.github.io/neural-networks-3/; Karpathy, 2019, "A recipe for training neural
    networks" ("overfit one batch"), https://karpathy.github.io/2019/04/25/recipe/
    """
    batches, count, size = _few(subject)
    known = chance(subject, batches)
    if known is None or not known.ignorant > 0:
        return Finding(NAME, "not applicable", "this loss has no value by chance to compare with")
    model, samples = subject.model, f"{count} samples" + (f" of {size} tokens" if size > 1 else "")
    with subject.untouched():
        first = _trial(subject, batches, known.ignorant)
    if first.learned:
        return Finding(NAME, "ok", f"{samples}: {first}")
    if first.is_cut:
        said = f"{samples}: {first}, when its {subject.seconds:g} seconds were over"
        return Finding(NAME, "not applicable", said, "Give it longer: --seconds 60.")
    chosen, loss, metrics = (
        model.optimizer,
        model.loss,
        subject.task.metrics(model.loss, subject.data),
    )
    with subject.untouched():
        model.compile(keras.optimizers.Adam(RATE), loss=loss, metrics=metrics)
        second = _trial(subject, batches, known.ignorant)
    model.compile(chosen, loss=loss, metrics=metrics)
    said = f"{samples}: {first}; with Adam at {RATE:g} {second.share:.1%} after {second.steps}"
    if second.learned:
        return Finding(
            NAME,
            "warning",
            said,
            "The network can learn, not so with this optimizer and rate: see learning-rate.",
        )
    return Finding(
        NAME,
        "problem",
        said,
        "Look for a fault in inputs, targets, loss or layers before training on more; or the "
        "network is too small, too strongly regularized, or very slow to learn.",
    )


def _few(subject: Subject) -> tuple[list[Any], int, int]:
    """Batches that hold the few samples alone, how many they are, and the answers of each."""
    y = subject.first[1]
    size = y.shape[1] if y is not None and y.dtype.kind in "iu" and y.ndim == 2 else 1
    wanted = max(1, min(SAMPLES, TOKENS // size)) if size > 1 else SAMPLES
    few, count = [], 0
    for batch in subject.some(subject.batches.steps):
        rows = len(keras.tree.flatten(batch)[0])
        kept = np.resize(np.arange(min(rows, wanted - count)), rows)  # shapes stay as they are
        few.append(
            keras.tree.map_structure(lambda a, kept=kept: None if a is None else a[kept], batch)
        )
        count += min(rows, wanted - count)
        if count >= wanted:
            break
    return few, count, size


def _trial(subject: Subject, batches: list[Any], by_chance: float) -> _Trial:
    clock = Clock()
    step = 0
    while True:
        subject.step(batches[step % len(batches)])
        step += 1
        late = clock.tick() > subject.seconds or step >= STEPS
        if late or step % EVERY == 0:
            found = _look(subject, batches, by_chance, step)
            if late or found.learned:
                return found


def _look(subject: Subject, batches: list[Any], by_chance: float, steps: int) -> _Trial:
    losses = [
        np.mean([subject.loss(batch, training=mode) for batch in batches]) for mode in (True, False)
    ]
    share = float(np.nanmin([*losses, np.inf])) / by_chance
    accuracy = _accuracy(subject, batches)
    learned = share <= LEARNED or (accuracy is not None and accuracy >= RIGHT)
    return _Trial(bool(learned), share, accuracy, steps)


def _accuracy(subject: Subject, batches: list[Any]) -> float | None:
    """Of all batches together, where it is measured at all."""
    subject.model.reset_metrics()
    logs: dict[str, Any] = {}
    for x, y, weights in batches:
        logs = subject.model.test_on_batch(x, y, sample_weight=weights, return_dict=True)
    return next((float(value) for name, value in logs.items() if name.endswith("accuracy")), None)

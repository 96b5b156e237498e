"""The first steps of the training itself, and what their curves say."""

from typing import Any

import numpy as np

from kerasdl.diagnostics.advise import advise
from kerasdl.diagnostics.chance import chance
from kerasdl.diagnostics.finding import Finding
from kerasdl.diagnostics.subject import Clock, Subject

STEPS = 200
LOOKS = 10
"""Points of the curves."""
ROWS = 512
"""Validation samples at most."""
_SAID = ("divergence", "under-fitting", "oscillation", "over-fitting")
"""What a short run can tell; unfinished it is always."""


def short_run(subject: Subject) -> list[Finding]:
    """The curves of a short training at the chosen rate, judged as those of a whole one.

    What they show is a warning at most, as some networks take longer to begin. Weights are put
    back.

    Reference: Stanford CS231n, notes "Neural Networks 3", "Babysitting the learning process",
    https://cs231n.github.io/neural-networks-3/
    """
    known = chance(subject, subject.some(4))
    history, steps = _history(subject)
    found = advise(history, chance=None if known is None else known.ignorant)
    if steps < STEPS:  # too early to say that nothing is learned
        found = [entry for entry in found if entry.check != "under-fitting"]
    return [
        Finding(
            entry.check,
            "warning"
            if entry.verdict == "problem" and entry.check == "under-fitting"
            else entry.verdict,
            f"in {steps} steps: {entry.evidence}",
            entry.advice,
        )
        for entry in found
        if entry.check in _SAID
    ]


def _history(subject: Subject) -> tuple[dict[str, list[float]], int]:
    held_out = _held_out(subject)
    losses: list[float] = []
    validation: list[float] = []
    clock = Clock()
    with subject.untouched():
        for batch in subject.stream():
            losses.append(subject.step(batch))
            late = clock.tick() > subject.seconds or len(losses) >= STEPS
            if held_out and (late or len(losses) % (STEPS // LOOKS) == 0):
                seen = [subject.loss(entry, training=False) for entry in held_out]
                validation.append(float(np.mean(seen)))
            if late:
                break
    pieces = np.array_split(losses, min(LOOKS, len(losses)))
    history = {"loss": [float(piece.mean()) for piece in pieces]}
    return history | ({"val_loss": validation} if validation else {}), len(losses)


def _held_out(subject: Subject) -> list[Any]:
    """Some validation batches of the training's shape, where there are any."""
    samples = subject.data.validation
    if samples is None:
        return []
    size = len(subject.first[1]) if subject.first[1] is not None else 1
    how: dict[str, Any] = {"batch_size": size, "shuffle": False}
    batches = subject.task.batches(samples, subject.model.loss, subject.data, **how)
    found = [
        (*batches.batch(i), None, None)[:3] for i in range(min(batches.steps, -(-ROWS // size)))
    ]
    return [batch for batch in found if len(batch[1]) == size] or found

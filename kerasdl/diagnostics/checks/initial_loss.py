"""The first loss beside that of chance."""

import numpy as np

from kerasdl.diagnostics.chance import chance
from kerasdl.diagnostics.finding import Finding
from kerasdl.diagnostics.subject import Subject

NAME = "initial-loss"
BATCHES = 4
HIGH = (3.0, 10.0)
"""First loss by chance's, for a warning and a problem: freshly built networks of sound scale were
measured at 0.8 to 2.6."""
LOW = 0.5


def initial_loss(subject: Subject) -> Finding:
    """Whether an untrained network is as bad as chance: neither sure of wrong answers, nor knowing.

    Reference: Stanford CS231n, notes "Neural Networks 3", section "Sanity checks",
    https://cs231n.github.io/neural-networks-3/; Karpathy, 2019, "A recipe for training neural
    networks" ("verify loss @ init"), https://karpathy.github.io/2019/04/25/recipe/
    """
    batches = subject.some(BATCHES)
    found = float(np.mean([subject.loss(batch, training=True) for batch in batches]))
    if not np.isfinite(found):
        return Finding(
            NAME,
            "problem",
            f"the loss of the first step is {found}",
            "Look at the inputs and the scale of the initial weights; the loss may take a "
            "logarithm of zero.",
        )
    known = chance(subject, batches)
    if known is None or not known.ignorant > 0:
        said = f"{found:.4g}; this loss has no value by chance"
        return Finding(NAME, "not applicable", said)
    said = f"{found:.4g}; by chance {known.ignorant:.4g} ({known.words})"
    if known.constant < 0.999 * known.ignorant:
        said += f", {known.constant:.4g} for the best constant answer"
    ratio = found / known.ignorant
    for verdict, limit in (("problem", HIGH[1]), ("warning", HIGH[0])):
        if ratio > limit:
            advice = "Scale the initial weights of the last layer down; look at the inputs' scale."
            return Finding(NAME, verdict, said, advice)
    if ratio < LOW:
        return Finding(
            NAME,
            "warning",
            said,
            "Unless it starts from trained weights, the answer leaks into the inputs, or classes "
            "are very uneven: look at the features.",
        )
    return Finding(NAME, "ok", said)

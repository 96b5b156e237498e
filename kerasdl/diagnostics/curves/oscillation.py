"""A training loss that goes up and down."""

import numpy as np

from kerasdl.diagnostics.curves.curves import Curves, pieces
from kerasdl.diagnostics.finding import Finding

NAME = "oscillation"
FEWEST = 5
CLIMBED = (0.5, 1.0)
"""All rises together by the whole range, for a warning and a problem: a curve that falls with 2 %
of noise climbs by a fifth of its range in 20 points; one that only swings, several times."""
SWING = 0.1
"""Rise of a step on average by the loss: less is the noise of batches at a standstill, which was
measured at 8 % for the means of 20."""


def oscillation(curves: Curves) -> Finding:
    """A training loss that climbs again and again.

    A long curve is looked at in 20 pieces, so that the noise of single batches does not count.

    Reference: Stanford CS231n, notes "Neural Networks 3", section "Loss function",
    https://cs231n.github.io/neural-networks-3/
    """
    loss = pieces(curves.loss)
    if len(loss) < FEWEST:
        return Finding(NAME, "not applicable", f"{len(loss)} points of training loss")
    steps = np.diff(loss)
    rises = steps[steps > 0]
    span = float(np.ptp(loss))
    climbed = float(rises.sum()) / span if span else 0.0
    swing = float(rises.mean()) / max(float(np.median(np.abs(loss))), 1e-12) if len(rises) else 0.0
    said = (
        f"the training loss goes up in {len(rises)} of {len(steps)} steps, by {climbed:.0%} of its "
        "range in all"
    )
    if climbed < CLIMBED[0] or swing < SWING:
        return Finding(NAME, "ok", said)
    return Finding(
        NAME,
        "problem" if climbed >= CLIMBED[1] else "warning",
        said,
        "Lower the learning rate, let it decay (--schedule cosine), take larger batches, or clip "
        "gradients.",
    )

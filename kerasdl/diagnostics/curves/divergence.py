"""A loss that leaves for infinity."""

from kerasdl.diagnostics.curves.curves import Curves
from kerasdl.diagnostics.finding import Finding

NAME = "divergence"
RISE = 0.1
"""Share of the first loss by which the last may be above it: noise at chance stays below 10 %."""


def divergence(curves: Curves) -> Finding:
    """A loss that is NaN or infinite, or ends above where it began.

    Reference: Stanford CS231n, notes "Neural Networks 3", section "Loss function",
    https://cs231n.github.io/neural-networks-3/ (very high learning rates)
    """
    if curves.bad_from is not None:
        return Finding(
            NAME,
            "problem",
            f"the loss is not a number or infinite from point {curves.bad_from + 1} on",
            "Lower the learning rate tenfold, look for a log or a division of zero, and let "
            "--callback training-guard name the first bad tensor.",
        )
    loss = curves.loss
    if len(loss) < 2:
        return Finding(NAME, "not applicable", f"{len(loss)} points of training loss")
    rise = loss[-1] - loss[0]
    moved = f"training loss {loss[0]:.4g} at first, {loss[-1]:.4g} at last"
    if rise > RISE * abs(loss[0]):
        return Finding(NAME, "problem", moved, "Lower the learning rate three- to tenfold.")
    return Finding(NAME, "ok", moved)

"""A training that ended too early."""

import numpy as np

from kerasdl.diagnostics.curves.curves import Curves, pieces, steadied
from kerasdl.diagnostics.finding import Finding

NAME = "unfinished"
FEWEST = 5
LAST = 0.25
"""The part of the training that is looked at."""
MOVED = 0.05
"""Share of its first value that the loss must have fallen by: else it has not begun to learn."""
STILL = 0.1
"""Share of all progress made there; a straight line makes a quarter."""


def unfinished(curves: Curves) -> Finding:
    """Training and validation that both got better right up to the end."""
    loss = pieces(curves.loss)
    if len(loss) < FEWEST:
        return Finding(NAME, "not applicable", f"{len(loss)} points of training loss")
    if loss[0] - loss.min() < MOVED * abs(loss[0]):
        return Finding(NAME, "not applicable", "the training loss has not fallen")
    shares = [_late_share(loss)]
    if curves.monitored is not None and len(curves.monitored) >= FEWEST:
        shares.append(_late_share(pieces(steadied(curves.monitored))))
    names = ("training loss", curves.monitor)
    said = "in the last quarter " + " and ".join(
        f"{share:.0%} of the progress of the {name}"
        for share, name in zip(shares, names, strict=False)
    )
    if min(shares) <= STILL:
        return Finding(NAME, "ok", said)
    return Finding(
        NAME, "warning", said, "Train longer, or at a higher rate; let the rate end at zero."
    )


def _late_share(values: np.ndarray) -> float:
    """How much lower the last quarter is than the one before, in means, by the whole fall."""
    size = max(2, 2 * round(LAST * len(values) / 2))  # even: one swing up, one down
    before, last = values[-2 * size : -size], values[-size:]
    whole = values[0] - values.min()
    return float((before.mean() - last.mean()) / whole) if whole > 0 else 0.0

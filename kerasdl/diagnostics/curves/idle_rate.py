"""A learning rate that is zero while training goes on."""

import numpy as np

from kerasdl.diagnostics.curves.curves import Curves
from kerasdl.diagnostics.finding import Finding

NAME = "idle-rate"
FEWEST = 4
IDLE = 1e-3
"""Share of its peak below which a rate changes no weight by much."""
PART = 0.25
"""Part of the training spent so: schedules that end at zero spend a few percent there."""


def idle_rate(curves: Curves) -> Finding:
    """A learning rate that has fallen to nothing long before the end."""
    rate = curves.rate
    if rate is None or len(rate) < FEWEST or not np.nanmax(rate) > 0:
        return Finding(NAME, "not applicable", "there is no curve of learning rates")
    peak = float(np.nanmax(rate))
    after = rate[int(np.nanargmax(rate)) :]
    idle = float((after < IDLE * peak).sum()) / len(rate)
    said = f"rate {peak:.3g} at most; below a thousandth of that in {idle:.0%} of the training"
    if idle <= PART:
        return Finding(NAME, "ok", said)
    return Finding(
        NAME, "warning", said, "Let the schedule fall more slowly, or stop earlier (--patience)."
    )

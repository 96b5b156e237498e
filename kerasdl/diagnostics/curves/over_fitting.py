"""Training that goes on getting better while validation does not."""

import numpy as np

from kerasdl.diagnostics.curves.curves import FEWEST, Curves, pieces, steadied
from kerasdl.diagnostics.finding import Finding

NAME = "over-fitting"
TURN = (0.1, 0.5)
"""Share of the monitored figure's progress that is lost again, for a warning and a problem."""
SMALLEST = 0.02
"""Progress below this share of the figure's size is taken for this: noise is no turn."""
GAP = (0.5, 1.0)
"""What validation is further above training loss than at first, by how far the latter fell."""
MOVED = 0.05
"""Share of its first value that the training loss must have fallen by to leave anything behind."""
_ADVICE = (
    "More data or --augment; dropout, --weight-decay, --label-smoothing; a smaller network; "
    "--patience to keep the best epoch."
)


def over_fitting(curves: Curves) -> Finding:
    """A validation figure that turns, or a validation loss that the training loss leaves behind.

    Reference: Stanford CS231n, notes "Neural Networks 3", section "Train/Val accuracy",
    https://cs231n.github.io/neural-networks-3/; Prechelt, 1998, "Early stopping - but when?",
    https://doi.org/10.1007/3-540-49430-8_3
    """
    if curves.validation is None and curves.monitored is None:
        return Finding(NAME, "not applicable", "there is no validation curve")
    if len(curves.loss) < FEWEST:
        return Finding(NAME, "not applicable", f"{len(curves.loss)} points of training loss")
    lost, turn = _turn(curves)
    gap, apart = _gap(curves)
    said = "; ".join(filter(None, [turn, apart]))
    for verdict, by_turn, by_gap in (("problem", TURN[1], GAP[1]), ("warning", TURN[0], GAP[0])):
        if lost > by_turn or gap > by_gap:
            return Finding(NAME, verdict, said, _ADVICE)
    return Finding(NAME, "ok", said)


def _turn(curves: Curves) -> tuple[float, str]:
    """Which part of the progress was lost again while the training loss fell, and its words."""
    if curves.monitored is None or len(curves.monitored) < FEWEST:
        return 0.0, ""
    figure, loss = pieces(steadied(curves.monitored)), pieces(curves.loss)
    best = int(np.argmin(figure))
    known = curves.chance is not None and curves.monitor == "val_loss"
    top = max(figure[0], curves.chance) if known else figure[0]
    won = max(top - figure[best], SMALLEST * abs(figure[best]), 1e-12)
    lost = (figure[-1] - figure[best]) / won
    values = curves.monitored
    number = int(np.argmin(values))
    said = (
        f"{curves.monitor} {curves.shown(values[number])} at its best, point {number + 1} of "
        f"{len(values)}, {curves.shown(values[-1])} at last"
    )
    same = len(figure) == len(loss)
    fell = loss[-1] < loss[best] if same else loss[-1] < loss[0]
    return (lost if fell and len(figure) - 1 - best >= 2 else 0.0), said


def _gap(curves: Curves) -> tuple[float, str]:
    if curves.validation is None or not len(curves.validation):
        return 0.0, ""
    last = float(steadied(curves.validation)[-1])
    said = f"loss {curves.loss[-1]:.4g} in training, {last:.4g} in validation"
    if curves.fall < MOVED * abs(curves.loss[0]):
        return 0.0, said
    first = max(0.0, float(curves.validation[0] - curves.loss[0]))  # other data, not over-fitting
    return (last - curves.loss[-1] - first) / curves.fall, said

"""A training loss that does not fall."""

from kerasdl.diagnostics.curves.curves import Curves, pieces
from kerasdl.diagnostics.finding import Finding

NAME = "under-fitting"
FEWEST = 3
FALL = 0.05
"""Share of its first value that a loss that is learned from falls by; chance wobbles by less."""
LEARNED = 0.1
"""Share of the chance loss that a trained network should have left behind."""
_ADVICE = (
    "If not even 50 samples can be learned by heart (few-samples), look at rate, inputs and "
    "initial weights; if they can, take a larger network, fewer penalties, less dropout or more "
    "epochs."
)


def under_fitting(curves: Curves) -> Finding:
    """A training loss that hardly falls, or stays near that of a network that knows nothing.

    Reference: Stanford CS231n, notes "Neural Networks 3",
    https://cs231n.github.io/neural-networks-3/
    """
    loss = pieces(curves.loss)
    if curves.chance is not None and curves.chance > 0 and len(loss):
        said = f"training loss {loss[-1]:.4g} at last, {curves.chance:.4g} by chance"
        bad = loss[-1] > (1 - LEARNED) * curves.chance
        return Finding(NAME, "problem", said, _ADVICE) if bad else Finding(NAME, "ok", said)
    if len(loss) < FEWEST:
        return Finding(NAME, "not applicable", f"{len(loss)} points of training loss")
    fall = (loss[0] - loss.min()) / max(abs(loss[0]), 1e-12)
    said = f"the training loss fell by {fall:.1%}, from {loss[0]:.4g} to {loss.min():.4g}"
    return Finding(NAME, "warning", said, _ADVICE) if fall < FALL else Finding(NAME, "ok", said)

"""Advice from the curves of a training."""

from collections.abc import Mapping, Sequence

from kerasdl.diagnostics.curves.curves import Curves
from kerasdl.diagnostics.curves.divergence import divergence
from kerasdl.diagnostics.curves.gradient_norm import gradient_norm
from kerasdl.diagnostics.curves.idle_rate import idle_rate
from kerasdl.diagnostics.curves.oscillation import oscillation
from kerasdl.diagnostics.curves.over_fitting import over_fitting
from kerasdl.diagnostics.curves.under_fitting import under_fitting
from kerasdl.diagnostics.curves.unfinished import unfinished
from kerasdl.diagnostics.finding import Finding

CURVE_CHECKS = {
    "divergence": divergence,
    "under-fitting": under_fitting,
    "oscillation": oscillation,
    "over-fitting": over_fitting,
    "unfinished": unfinished,
    "gradient-norm": gradient_norm,
    "idle-rate": idle_rate,
}


def advise(
    history: Mapping[str, Sequence[float]],
    monitor: str = "val_loss",
    mode: str = "min",
    chance: float | None = None,
) -> list[Finding]:
    """What the curves of a training say, and what to do: a finding a check, good ones too.

    Looked at are the curves that are there: `loss` and `val_loss`, the monitored figure,
    `learning_rate`, `gradient_norm`. Values that are not finite count as a divergence; the other
    checks see what came before. Nothing is imported but NumPy.

    Args:
        history: Values by name, one an epoch or one every so many steps, as `metrics.csv` and
            `fit(...).history` hold them.
        monitor: The validation figure that says which epoch was best.
        mode: `min` or `max`: which values of it are good.
        chance: The loss of a network that has learned nothing, where it is known.

    Returns:
        Findings in the order of `CURVE_CHECKS`; `[f for f in findings if f.is_bad]` are those to
        act on.

    Raises:
        UserError: If `mode` is neither, or a value is no number.

    Example:
        >>> curves = {"loss": [2.0, 1.0, 0.5, 0.2], "val_loss": [2.0, 1.2, 1.9, 2.6]}
        >>> [found.check for found in advise(curves) if found.is_bad]
        ['over-fitting']
    """
    curves = Curves.read(history, monitor, mode, chance)
    return [check(curves) for check in CURVE_CHECKS.values()]

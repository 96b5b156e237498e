"""Gradients that explode on the way."""

import numpy as np

from kerasdl.diagnostics.curves.curves import Curves
from kerasdl.diagnostics.finding import Finding

NAME = "gradient-norm"
FEWEST = 3
SPIKE = (10.0, 100.0)
"""Largest norm by the median one, for a warning and a problem: batches differ by a few times."""
_ADVICE = "Clip gradients, such as --optimizer 'adam(clipnorm=1.0)', or lower the learning rate."


def gradient_norm(curves: Curves) -> Finding:
    """A gradient norm that is not finite or leaps.

    Reference: Pascanu, Mikolov & Bengio, 2013, section 3.2, https://arxiv.org/abs/1211.5063
    """
    norms = curves.gradient
    if norms is None:
        return Finding(NAME, "not applicable", "there is no curve of gradient norms")
    bad = ~np.isfinite(norms)
    if bad.any():
        said = f"the gradient norm is not finite at {bad.sum()} of {len(norms)} points"
        return Finding(NAME, "problem", said, _ADVICE)
    if len(norms) < FEWEST:
        return Finding(NAME, "not applicable", f"{len(norms)} gradient norms")
    usual, largest = float(np.median(norms)), float(norms.max())
    said = f"gradient norm {usual:.3g} in the median, {largest:.3g} at most"
    for verdict, times in (("problem", SPIKE[1]), ("warning", SPIKE[0])):
        if largest > times * usual > 0:
            return Finding(NAME, verdict, said, _ADVICE)
    return Finding(NAME, "ok", said)

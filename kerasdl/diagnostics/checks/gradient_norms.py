"""Gradients by depth."""

import math

import numpy as np

from kerasdl.diagnostics.finding import Finding
from kerasdl.diagnostics.subject import Subject

NAME = "gradient-norms"
FEWEST = 2
APART = (1e3, 1e5)
"""Root mean square of a weight's gradient near the output by that near the input, or the reverse,
for a warning and a problem: layers of unlike sizes differ by tens in sound networks."""
HUGE = 1e3
"""Norm over all weights; what `GradientMonitor` calls exploding."""
_VANISHING = (
    "ReLU or GELU in place of sigmoid, initial weights for it (he_normal), normalization layers, "
    "residual connections, fewer layers."
)
_EXPLODING = (
    "Smaller initial weights (glorot_uniform, he_normal), normalization layers, scaled inputs; "
    "clipped gradients, such as --optimizer 'adam(clipnorm=1.0)'."
)


def gradient_norms(subject: Subject) -> Finding:
    """Whether the gradient of the first step vanishes or explodes on its way to the first layers.

    Compared is the root mean square of the gradient of each weight matrix or kernel: the median of
    the first third of them with that of the last.

    Reference: Glorot & Bengio, 2010, section 4.2, https://proceedings.mlr.press/v9/glorot10a.html;
    Pascanu, Mikolov & Bengio, 2013, https://arxiv.org/abs/1211.5063
    """
    pairs = list(zip(subject.model.trainable_variables, subject.gradients, strict=True))
    whole = math.sqrt(sum(float(np.square(g, dtype="float64").sum()) for _, g in pairs))
    if not math.isfinite(whole):
        said = "the gradient of the first step is not finite"
        return Finding(NAME, "problem", said, _EXPLODING)
    sizes = [
        (variable.path, float(np.sqrt(np.square(gradient, dtype="float64").mean())))
        for variable, gradient in pairs
        if len(variable.shape) > 1
    ]
    if len(sizes) < FEWEST:
        return Finding(
            NAME, "not applicable", f"norm {whole:.3g}; {len(sizes)} layers with weights"
        )
    part = max(1, len(sizes) // 3)
    early, late = (float(np.median([s for _, s in some])) for some in (sizes[:part], sizes[-part:]))
    said = (
        f"root mean square {early:.2g} in the first of {len(sizes)} weights ({sizes[0][0]}), "
        f"{late:.2g} in the last; norm {whole:.3g} in all"
    )
    if early == late == 0:
        said = "the gradient of the first step is zero in the first and the last weights"
        return Finding(NAME, "problem", said, _VANISHING)
    for verdict, times in (("problem", APART[1]), ("warning", APART[0])):
        if late > times * early:
            return Finding(NAME, verdict, said, _VANISHING)
        if early > times * late:
            return Finding(NAME, verdict, said, _EXPLODING)
    if whole > HUGE:
        return Finding(NAME, "warning", said, _EXPLODING)
    return Finding(NAME, "ok", said)

"""The scale of what enters the network."""

import numpy as np

from kerasdl.diagnostics.finding import Finding
from kerasdl.diagnostics.subject import Subject
from kerasdl.tasks.written import entered

NAME = "inputs"
SAMPLES = 1000
LARGE = 10.0
"""Root mean square: initializers expect 1, and ten times that gives ten times the gradients."""
SMALL = 0.01
SPREAD = 100.0
"""Largest feature by the median one: the small ones then learn so many times more slowly."""
_ADVICE = (
    "Leave --preprocessing at auto, or take standardize (tables, series, arrays) or unit (images)."
)


def inputs(subject: Subject) -> Finding:
    """Whether features enter the network near zero, with a size near one, and none far larger.

    Looked at is the first input after preprocessing, by feature (the last axis), or over all
    pixels of an image.

    Reference: LeCun, Bottou, Orr & Müller, 1998, "Efficient BackProp", section 4.3; Stanford
    CS231n, notes "Neural Networks 2", https://cs231n.github.io/neural-networks-2/
    """
    kind = subject.data.inputs.kind
    if kind in ("tokens", "words"):
        return Finding(
            NAME, "not applicable", "the inputs are numbers of tokens, which have no scale"
        )
    x = np.asarray(entered(subject.model, subject.data.train.x[:SAMPLES]), "float64")
    features = x.reshape(-1, 1 if kind == "images" else x.shape[-1])
    bad = int((~np.isfinite(features)).sum())
    if bad:
        said = f"{bad:,} of {features.size:,} values are not a number or infinite"
        return Finding(NAME, "problem", said, "Clean the data: kerasdl data show says where.")
    sizes = np.sqrt(np.square(features).mean(axis=0))
    whole, largest = float(np.sqrt(np.square(features).mean())), float(sizes.max())
    usual = float(np.median(sizes[sizes > 0])) if (sizes > 0).any() else 0.0
    said = f"mean {features.mean():.3g}, root mean square {whole:.3g}"
    if features.shape[1] > 1:
        said += (
            f"; of {features.shape[1]} features {usual:.3g} in the median, {largest:.3g} at most"
        )
    if whole > LARGE or whole < SMALL:
        return Finding(NAME, "problem", said, _ADVICE)
    if largest > SPREAD * usual:
        return Finding(NAME, "warning", said, _ADVICE)
    return Finding(NAME, "ok", said)

"""How far confidence is from being right."""

import numpy as np


def expected_calibration_error(
    labels: np.ndarray, probabilities: np.ndarray, bins: int = 15
) -> float:
    """Mean distance between confidence and accuracy over bins of equal width.

    `ECE = sum_b n_b / N * |accuracy_b - confidence_b|`, the bin of a sample given by its largest
    probability.

    Args:
        labels: `(N,)` integers.
        probabilities: `(N, classes)`, rows sum to 1.
        bins: Number of bins of [0, 1].

    Reference: Guo et al., 2017, https://arxiv.org/abs/1706.04599
    """
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    which = np.minimum((confidence * bins).astype(int), bins - 1)
    counts = np.bincount(which, minlength=bins)
    gaps = np.bincount(which, weights=right - confidence, minlength=bins)
    return float(np.abs(gaps).sum() / max(counts.sum(), 1))

"""Softmax, written out."""

import numpy as np


def softmax(scores: np.ndarray) -> np.ndarray:
    """`exp(scores) / sum(exp(scores))` of a vector; its maximum is taken off first."""
    powers = np.exp(scores - scores.max())
    return powers / powers.sum()

"""Soft and hard attention over the regions of an image, written out."""

import numpy as np

from kerasdl.layers.reference.additive_attention import additive_attention


def soft_image_attention(
    query: np.ndarray,
    regions: np.ndarray,
    scoring: tuple[np.ndarray, np.ndarray, np.ndarray],
    gate: tuple[np.ndarray, float],
) -> tuple[np.ndarray, np.ndarray]:
    """Gated context and weights of one query `(Q,)` over the regions `(L, C)` of one image.

    Args:
        query: A decoder's state.
        regions: The image's features.
        scoring: `w`, `u` and `v` of `additive_attention`.
        gate: Weights `(Q,)` and bias.
    """
    context, weights = additive_attention(query, regions, *scoring)
    w, b = gate
    return context / (1 + np.exp(-(query @ w + b))), weights


def coverage_loss(weights: np.ndarray) -> float:
    """`sum_l (1 - sum_t weights[t, l])**2` of one sentence's weights `(T, L)`."""
    return float(((1 - weights.sum(axis=0)) ** 2).sum())


def hard_image_attention(
    query: np.ndarray,
    regions: np.ndarray,
    scoring: tuple[np.ndarray, np.ndarray, np.ndarray],
    drawn: int,
) -> tuple[np.ndarray, float, float]:
    """The region drawn, the log-probability of that draw, and the entropy of the distribution."""
    _, probabilities = additive_attention(query, regions, *scoring)
    entropy = -(probabilities * np.log(probabilities)).sum()
    return regions[drawn], float(np.log(probabilities[drawn])), float(entropy)


def reinforce_gradient(probabilities: np.ndarray, rewards: np.ndarray) -> np.ndarray:
    """Gradient of the expected reward with respect to the scores under a softmax.

    `d/ds_k sum_l p_l r_l = p_k (r_k - sum_l p_l r_l)`: what REINFORCE estimates from draws.
    """
    return probabilities * (rewards - probabilities @ rewards)

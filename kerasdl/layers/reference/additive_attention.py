"""Additive attention, written out."""

import numpy as np

from kerasdl.layers.reference.softmax import softmax


def additive_attention(
    query: np.ndarray, memory: np.ndarray, w: np.ndarray, u: np.ndarray, v: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Context and weights of one query `(Q,)` over the real states `(S, M)` of one memory.

    Args:
        query: A decoder's state.
        memory: An encoder's states.
        w: `(Q, A)`.
        u: `(M, A)`.
        v: `(A,)`.
    """
    scores = np.array([v @ np.tanh(query @ w + state @ u) for state in memory])
    weights = softmax(scores)
    return weights @ memory, weights

"""Multiplicative attention, written out."""

import numpy as np

from kerasdl.layers.reference.softmax import softmax


def luong_attention(
    query: np.ndarray,
    memory: np.ndarray,
    score: str,
    w: np.ndarray | None = None,
    v: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Context and weights of one query `(Q,)` over the real states `(S, M)` of one memory.

    Args:
        query: A decoder's state.
        memory: An encoder's states.
        score: `"dot"`, `"general"` with `w` `(M, Q)`, or `"concat"` with `w` `(Q + M, A)`.
        w: As above.
        v: `(A,)`, for `"concat"`.
    """
    if score == "dot":
        scores = [query @ state for state in memory]
    elif score == "general":
        scores = [query @ (state @ w) for state in memory]
    else:
        scores = [v @ np.tanh(np.concatenate([query, state]) @ w) for state in memory]
    weights = softmax(np.array(scores))
    return weights @ memory, weights

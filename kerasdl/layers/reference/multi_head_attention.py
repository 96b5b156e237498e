"""Attention with several heads, written out head by head and step by step."""

import numpy as np

from kerasdl.layers.reference.softmax import softmax


def multi_head_attention(
    queries: np.ndarray,
    keys: np.ndarray,
    values: np.ndarray,
    *,
    causal: bool = False,
    window: int | None = None,
    length: int | None = None,
    positions: str | None = None,
    base: float = 10000.0,
    norms: tuple[np.ndarray, np.ndarray] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Means `(T, N, H)` and weights `(N, T, S)` of one example.

    Args:
        queries: `(T, N, H)`.
        keys: `(S, K, H)`; query head `n` uses key head `n // (N / K)`.
        values: `(S, K, H)`.
        causal: Whether step `t` sees only `s <= t`.
        window: Whether it sees only `|t - s| < window`.
        length: Whether it sees only `s < length`.
        positions: `"rotary"`, `"alibi"` or None.
        base: Of the rotation.
        norms: Factors `(H,)` of the norms of queries and of keys, if they are normalized.
    """
    (steps, heads, size), sources = queries.shape, len(keys)
    means, weights = np.zeros(queries.shape), np.zeros((heads, steps, sources))
    for n in range(heads):
        k = n // (heads // keys.shape[1])
        for t in range(steps):
            seen = [
                s
                for s in range(sources)
                if (s <= t or not causal)
                and (window is None or abs(t - s) < window)
                and (length is None or s < length)
            ]
            if not seen:
                continue
            scores = []
            for s in seen:
                query, key = queries[t, n], keys[s, k]
                if norms is not None:
                    query, key = rms_norm(query, norms[0]), rms_norm(key, norms[1])
                if positions == "rotary":
                    query, key = rotate(query, t, base), rotate(key, s, base)
                score = query @ key / np.sqrt(size)
                if positions == "alibi":
                    score -= alibi_slope(n, heads) * abs(t - s)
                scores.append(score)
            weights[n, t, seen] = softmax(np.array(scores))
            means[t, n] = weights[n, t] @ values[:, k]
    return means, weights


def rms_norm(features: np.ndarray, factors: np.ndarray, epsilon: float = 1e-6) -> np.ndarray:
    """Features over their root mean square, times the factors."""
    return features / np.sqrt(np.mean(features**2) + epsilon) * factors


def rotate(features: np.ndarray, position: int, base: float = 10000.0) -> np.ndarray:
    """Each pair `(x[k], x[k + H / 2])` as a complex number, turned by its angle."""
    half = len(features) // 2
    pairs = features[:half] + 1j * features[half:]
    turned = pairs * np.exp(1j * position * base ** (-np.arange(half) / half))
    return np.concatenate([turned.real, turned.imag])


def alibi_slope(head: int, heads: int) -> float:
    """Slope of a head, counted from 0: the geometric series of the paper, and its completion."""
    lower = 2 ** int(np.floor(np.log2(heads)))
    if head < lower:
        return 2.0 ** (-8 * (head + 1) / lower)
    return 2.0 ** (-8 * (2 * (head - lower) + 1) / (2 * lower))


def sinusoidal_positions(steps: int, size: int, base: float = 10000.0) -> np.ndarray:
    """The table `(T, D)` of sines (even features) and cosines (odd ones)."""
    table = np.zeros((steps, size))
    for t in range(steps):
        for d in range(size):
            angle = t / base ** ((d - d % 2) / size)
            table[t, d] = np.cos(angle) if d % 2 else np.sin(angle)
    return table

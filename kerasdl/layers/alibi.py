"""Attention with linear biases."""

from typing import Any

import numpy as np
from keras import ops


def alibi_slopes(num_heads: int) -> np.ndarray:
    """One slope a head: `2**(-8 n / N)` for `n = 1 ... N` if `N` is a power of two.

    For other numbers: those of the next lower power of two, then every other one of the next
    higher, as the authors do.

    Args:
        num_heads: Number of heads, `N`.

    Example:
        >>> alibi_slopes(2).tolist()
        [0.0625, 0.00390625]

    Reference: Press et al., 2022, section 3, https://arxiv.org/abs/2108.12409
    """
    lower = 2 ** int(np.log2(num_heads))
    slopes = 2.0 ** (-8.0 * np.arange(1, lower + 1) / lower)
    between = 2.0 ** (-4.0 * np.arange(1, 2 * (num_heads - lower), 2) / lower)
    return np.concatenate([slopes, between])


def alibi_bias(num_heads: int, queries: Any, keys: Any, dtype: str = "float32") -> Any:
    """`-slope[n] * |queries[t] - keys[s]|`, to be added to the scores of attention.

    For causal attention this is the paper's; otherwise it falls off on both sides alike.

    Args:
        num_heads: Number of heads, `N`.
        queries: Positions `(T,)` or `(B, T)`.
        keys: Positions `(S,)`.
        dtype: Of the result.

    Returns:
        `(1, N, T, S)` or `(B, N, T, S)`.
    """
    distance = ops.cast(ops.abs(ops.expand_dims(queries, -1) - keys), dtype)
    if len(distance.shape) == 2:
        distance = ops.expand_dims(distance, 0)
    slopes = ops.convert_to_tensor(alibi_slopes(num_heads), dtype=dtype)
    return -slopes[None, :, None, None] * ops.expand_dims(distance, 1)

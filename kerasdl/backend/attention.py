"""Scaled dot-product attention: JAX's native route, and its twin in `keras.ops`.

JAX's own function takes lengths and windows as they are, so that a fused kernel needs no
`(T, S)` mask. Everywhere else the twin builds the smallest mask that broadcasts.
"""

from typing import Any

import keras
from keras import ops

ROUTES = ("keras", "jax")


def choose_route(
    window: Any = None, lengths: Any = None, bias: Any = None, mask: Any = None
) -> str:
    """`"jax"` on JAX where lengths or a window hide keys, which Keras would make a mask of.

    Without either, Keras finds its own kernels; with a bias or a mask there is nothing to gain.
    """
    ours = (window is not None or lengths is not None) and bias is None and mask is None
    return "jax" if ours and keras.backend.backend() == "jax" else "keras"


def dot_product_attention(
    query: Any,
    key: Any,
    value: Any,
    *,
    causal: bool = False,
    window: int | None = None,
    lengths: Any = None,
    bias: Any = None,
    mask: Any = None,
    route: str | None = None,
) -> Any:
    """`softmax(query . key / sqrt(H) + bias)` over the visible keys, times `value`.

    Shapes: query `(B, T, N, H)`, key and value `(B, S, K, H)` with `N` a multiple of `K`; lengths
    `(B,)`, real keys; bias and mask broadcast to `(B, N, T, S)`. A row with no visible key has no
    meaning here.

    Args:
        query: Queries.
        key: Keys.
        value: Values.
        causal: Whether query `t` sees only keys `s <= t`.
        window: Only keys with `|t - s| < window` are seen.
        lengths: Only the first `lengths[b]` keys are seen.
        bias: Added to the scores.
        mask: Booleans, True where a key is seen.
        route: `"keras"` or `"jax"`; None chooses.
    """
    if (route or choose_route(window, lengths, bias, mask)) == "jax":
        return _jax(query, key, value, causal, window, lengths)
    return _keras(query, key, value, causal, window, lengths, bias, mask)


def visible_keys(
    queries: Any, keys: Any, *, causal: bool, window: int | None, lengths: Any, mask: Any
) -> Any:
    """The mask that causality, a window, lengths and a given mask amount to, or None.

    Args:
        queries: Positions of the queries, `(T,)` or `(B, T)`.
        keys: Positions of the keys, `(S,)`.
        causal: As in `dot_product_attention`.
        window: As in `dot_product_attention`.
        lengths: As in `dot_product_attention`.
        mask: As in `dot_product_attention`.

    Returns:
        Booleans that broadcast to `(B, N, T, S)`.
    """
    parts = [] if mask is None else [mask]
    if causal or window is not None:
        distance = ops.expand_dims(queries, -1) - keys
        if len(distance.shape) == 2:
            distance = ops.expand_dims(distance, 0)
        distance = ops.expand_dims(distance, 1)
        if causal:
            parts.append(distance >= 0)
        if window is not None:
            parts.append(ops.abs(distance) < window)
    if lengths is not None:
        parts.append((keys[None, :] < ops.cast(lengths, "int32")[:, None])[:, None, None, :])
    visible = None
    for part in parts:
        visible = part if visible is None else ops.logical_and(visible, part)
    return visible


def _keras(
    query: Any,
    key: Any,
    value: Any,
    causal: bool,
    window: int | None,
    lengths: Any,
    bias: Any,
    mask: Any,
) -> Any:
    # Causality alone is left to Keras, whose kernels need no mask for it.
    native = causal and window is None and lengths is None and mask is None and bias is None
    if not native:
        positions = [ops.arange(ops.shape(x)[1], dtype="int32") for x in (query, key)]
        mask = visible_keys(*positions, causal=causal, window=window, lengths=lengths, mask=mask)
    if bias is not None and mask is not None:
        # PyTorch's kernel takes one of the two. The lowest half that float16 holds, too.
        bias, mask = ops.where(mask, bias, ops.cast(-3e4, bias.dtype)), None
    if key.shape[2] == 1 and query.shape[2] > 1:
        # TensorFlow's route does not broadcast one key head over the query heads.
        key, value = (ops.repeat(x, query.shape[2], axis=2) for x in (key, value))
    return ops.dot_product_attention(query, key, value, bias=bias, mask=mask, is_causal=native)


def _jax(query: Any, key: Any, value: Any, causal: bool, window: int | None, lengths: Any) -> Any:
    import jax

    arguments = {
        "is_causal": causal,
        "key_value_seq_lengths": None if lengths is None else ops.cast(lengths, "int32"),
        "local_window_size": None if window is None else (window - 1, 0 if causal else window - 1),
    }
    if _cudnn_may_do(query, key, causal, window):
        try:
            return jax.nn.dot_product_attention(
                query, key, value, implementation="cudnn", **arguments
            )
        except (RuntimeError, ValueError, NotImplementedError):
            pass  # an older GPU or cuDNN: XLA does it
    return jax.nn.dot_product_attention(query, key, value, implementation="xla", **arguments)


def _cudnn_may_do(query: Any, key: Any, causal: bool, window: int | None) -> bool:
    import jax

    return (
        jax.default_backend() == "gpu"
        and keras.backend.standardize_dtype(query.dtype) in ("float16", "bfloat16")
        and query.shape[-1] % 8 == 0
        and query.shape[-1] <= 128
        and (window is None or causal)
    )

"""Small tensor helpers that several layers share."""

from collections.abc import Callable
from typing import Any

import keras
from keras import ops


def flat(layer: Callable[[Any], Any], inputs: Any) -> Any:
    """Applies a dense layer to the last axis as one (rows, features) product.

    XLA's CPU code multiplies `(B * T, D)` about twice as fast as `(B, T, D)`; elsewhere the
    reshape is free.
    """
    leading = ops.shape(inputs)[:-1]
    rows = layer(ops.reshape(inputs, (-1, inputs.shape[-1])))
    return ops.reshape(rows, (*leading, rows.shape[-1]))


def length_mask(lengths: Any, size: Any) -> Any:
    """`(B, S)` booleans, True at the first `lengths[b]` of `size` positions."""
    return ops.arange(size, dtype="int32")[None, :] < ops.cast(lengths, "int32")[:, None]


def padding_mask(lengths: Any, mask: Any, size: Any) -> Any:
    """`(B, S)` booleans from lengths, an implicit mask, both, or None from neither."""
    if lengths is None:
        return None if mask is None else ops.cast(mask, "bool")
    real = length_mask(lengths, size)
    return real if mask is None else ops.logical_and(real, ops.cast(mask, "bool"))


def wide(dtype: Any) -> str:
    """Float32 for 16-bit floats, else the dtype itself."""
    return keras.backend.result_type(dtype, "float32")


def masked_softmax(scores: Any, mask: Any = None) -> Any:
    """Softmax over the last axis in float32 or wider; 0 where `mask` is False, even in whole rows.

    Returns float32 (float64 for float64 scores).
    """
    scores = ops.cast(scores, wide(scores.dtype))
    if mask is None:
        return _softmax(scores)
    # The lowest float would overflow to -inf when the row's maximum is subtracted.
    hidden = ops.cast(-1e30, scores.dtype)
    weights = _softmax(ops.where(mask, scores, hidden))
    return ops.where(mask, weights, ops.zeros_like(weights))


def _softmax(scores: Any) -> Any:
    if scores.shape[-1] == 1:  # a text of one token, about which Keras would warn
        return ops.ones_like(scores)
    return ops.softmax(scores, axis=-1)

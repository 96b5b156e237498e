"""From logits to the distribution that is drawn from, and the draw."""

import dataclasses
import math
from typing import Any

from keras import ops

from kerasdl.decoding.greedy import Greedy
from kerasdl.decoding.sampling import Sampling

_FLOATS = ("temperature", "top_p", "min_p", "repetition_penalty")
_NEUTRAL = {"temperature": 1.0, "top_p": 1.0, "min_p": None, "repetition_penalty": 1.0}


def settings_of(strategy: Greedy | Sampling) -> dict[str, Any]:
    """What a strategy changes, as scalars: values are data, only the names are compiled in."""
    given = dataclasses.asdict(strategy)
    used = {
        name: ops.convert_to_tensor(given[name], "float32")
        for name in _FLOATS
        if given.get(name) not in (None, _NEUTRAL[name])
    }
    if given.get("top_k") is not None:
        used["top_k"] = ops.convert_to_tensor(given["top_k"], "int32")
    return used


def filtered(logits: Any, settings: dict[str, Any], seen: Any = None) -> Any:
    """The logits after the steps of `Sampling`, in its order; `-inf` for what is left out.

    Args:
        logits: `(B, V)` in float32 or wider.
        settings: As `settings_of` gives them.
        seen: `(B, V)` booleans, True for tokens that are penalized; needed with
            `repetition_penalty`.
    """
    if "repetition_penalty" in settings:
        penalty = ops.cast(settings["repetition_penalty"], logits.dtype)
        less = ops.where(logits > 0, logits / penalty, logits * penalty)
        logits = ops.where(seen, less, logits)
    if "temperature" in settings:
        # The largest becomes 0: a small temperature cannot overflow.
        logits = logits - ops.max(logits, axis=-1, keepdims=True)
        # Below the smallest normal number a float32 counts as 0 on some devices.
        temperature = ops.maximum(ops.cast(settings["temperature"], logits.dtype), 1e-30)
        logits = logits / temperature
    if "top_k" in settings or "top_p" in settings:
        logits = _likeliest(logits, settings)
    if "min_p" in settings:
        share = ops.log(ops.cast(settings["min_p"], logits.dtype))
        logits = _from(logits, ops.max(logits, axis=-1, keepdims=True) + share)
    return logits


def _likeliest(logits: Any, settings: dict[str, Any]) -> Any:
    ordered = ops.flip(ops.sort(logits, axis=-1), axis=-1)
    if "top_k" in settings:
        last = ops.minimum(settings["top_k"], ordered.shape[-1]) - 1
        least = ops.take(ordered, ops.reshape(last, (1,)), axis=-1)
        logits, ordered = _from(logits, least), _from(ordered, least)
    if "top_p" in settings:
        shares = ops.softmax(ordered, axis=-1)
        before = ops.cumsum(shares, axis=-1) - shares
        stays = before < ops.cast(settings["top_p"], logits.dtype)
        infinity = ops.cast(math.inf, logits.dtype)
        least = ops.min(ops.where(stays, ordered, infinity), axis=-1, keepdims=True)
        logits = _from(logits, least)
    return logits


def _from(logits: Any, least: Any) -> Any:
    return ops.where(logits >= least, logits, ops.cast(-math.inf, logits.dtype))


def draw(logits: Any, uniforms: Any) -> Any:
    """For each row the first token whose cumulative probability exceeds its uniform number.

    Shapes: logits `(B, V)`, uniforms `(B,)` in [0, 1), tokens `(B,)`. A token of probability 0 is
    never drawn, whatever the rounding of the sum.
    """
    shares = ops.softmax(logits, axis=-1)
    total = ops.cumsum(shares, axis=-1)
    possible = shares > 0
    beyond = total > ops.cast(uniforms, total.dtype)[:, None] * total[:, -1:]
    hit = ops.logical_and(possible, beyond)
    size = logits.shape[-1]
    last = size - 1 - ops.argmax(ops.cast(ops.flip(possible, axis=-1), "int32"), axis=-1)
    first = ops.argmax(ops.cast(hit, "int32"), axis=-1)
    return ops.cast(ops.where(ops.any(hit, axis=-1), first, last), "int32")

"""The compiled parts of a generation. Everything here sees shapes, never values."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasdl.backend.compiled import Compiled
from kerasdl.backend.top_k import top_k
from kerasdl.decoding._prompts import Prompts
from kerasdl.decoding.decoder import Decoder
from kerasdl.decoding.filters import draw, filtered
from kerasdl.errors import UserError


def program(
    decoder: Decoder, key: tuple[Any, ...], function: Callable[..., Any], donated: Sequence[int]
) -> Compiled:
    """The decoder's program of that key; made on first use."""
    known = decoder._programs
    if key not in known:
        known[key] = Compiled(function, decoder.model.variables, donated)
    return known[key]


def begin(decoder: Decoder, prompts: Prompts, inputs: Any) -> Any:
    """The state after all tokens of the prompts but the last."""
    batch_size = len(prompts.lengths)
    state = _start(decoder, inputs, batch_size)
    # The programs reuse the memory of the state they are given; some of it may be the caller's.
    state = keras.tree.map_structure(ops.copy, state)
    size = decoder.chunk
    run = program(decoder, ("prefill", size), decoder.prefill, donated=[2])
    left = prompts.lengths - 1
    for begin_at in range(0, int(left.max()), size):
        real = np.clip(left - begin_at, 0, size).astype("int32")
        tokens = np.zeros((batch_size, size), "int32")
        part = prompts.tokens[:, begin_at : begin_at + size]
        tokens[:, : part.shape[1]] = part
        tokens[np.arange(size) >= real[:, None]] = 0
        state = run(*(tensor(x) for x in (tokens, real)), state, tensor(np.int32(begin_at)))
    return state


def _start(decoder: Decoder, inputs: Any, batch_size: int) -> Any:
    if inputs is None:
        state = decoder.start(None, batch_size)
    else:
        inputs = keras.tree.map_structure(ops.convert_to_tensor, inputs)
        _check_rows("inputs", inputs, batch_size)
        key = ("start", batch_size)
        run = program(decoder, key, lambda given: decoder.start(given, batch_size), donated=[])
        state = run(inputs)
    _check_rows("the decoder's state", state, batch_size)
    return state


def _check_rows(name: str, nested: Any, batch_size: int) -> None:
    for path, leaf in keras.tree.flatten_with_path(nested):
        shape = tuple(leaf.shape)
        if not shape or shape[0] != batch_size:
            place = ".".join(map(str, path))
            raise UserError(
                f"{name}{' ' * bool(place)}{place} must have the batch as first axis, "
                f"(B={batch_size}, ...). Received: shape={shape}"
            )


def tensor(array: Any) -> Any:
    """The array on the backend."""
    return ops.convert_to_tensor(array)


def repeated(state: Any, times: int) -> Any:
    """Each row of a state so many times in a row."""
    if times == 1:
        return state
    return keras.tree.map_structure(lambda leaf: ops.repeat(leaf, times, axis=0), state)


def logits_of(logits: Any) -> tuple[Any, Any]:
    """Logits in float32 or wider, and for each row whether a token can be chosen by them.

    NaN and infinity make a row unsound, and so does `-inf` in all places. They are taken out, so
    that what follows is defined; the caller refuses such rows.
    """
    logits = ops.cast(logits, keras.backend.result_type(logits.dtype, "float32"))
    finite = ops.isfinite(logits)
    wrong = ops.logical_and(~finite, ~ops.isneginf(logits))
    sound = ops.logical_and(~ops.any(wrong, axis=-1), ops.any(finite, axis=-1))
    return ops.where(sound[:, None], logits, ops.zeros_like(logits)), sound


def advance(decoder: Decoder) -> Compiled:
    """`(tokens, state, position, settings, uniforms, seen)` to the next token of each row.

    Without `uniforms` the most probable token is taken. Returns the tokens, their log-probabilities
    by the model, whether the rows are sound, the state and `seen` with the tokens in it.
    """

    def run(
        tokens: Any, state: Any, position: Any, settings: dict[str, Any], uniforms: Any, seen: Any
    ) -> tuple[Any, ...]:
        logits, state = decoder.step(tokens, state, position)
        logits, sound = logits_of(logits)
        wanted = filtered(logits, settings, seen)
        if uniforms is None:
            chosen = ops.cast(ops.argmax(wanted, axis=-1), "int32")
        else:
            chosen = draw(wanted, uniforms)
        own = ops.log_softmax(logits, axis=-1)
        log_probs = ops.take_along_axis(own, chosen[:, None], axis=-1)[:, 0]
        if seen is not None:
            new = chosen[:, None] == ops.arange(seen.shape[1], dtype="int32")
            seen = ops.logical_or(seen, new)
        return chosen, log_probs, sound, state, seen

    return program(decoder, ("advance",), run, donated=[1])


def advance_beams(decoder: Decoder, width: int) -> Compiled:
    """`(tokens, state, position, scores, room, stop, coverage)` to the next tokens of each beam.

    Shapes: `B` prompts, `K` places in a beam, `S` source steps. Tokens and position `(B * K,)`,
    scores `(B, K)` with `-inf` for places that are free, room `(B,)`, stop tokens `(E,)`, coverage
    `(B * K, S)` or None. Returns a dict, all `(B, K)`: the `tokens` chosen, the place they go on
    from (`parents`), `totals` and the token's own `log_probs`, which are `accepted` and which of
    them `stopped`, the logarithm of the `covered` shares, and what the next call needs: `scores`,
    `coverage`, `state`; `sound` is that of the rows before.
    """

    def run(
        tokens: Any,
        state: Any,
        position: Any,
        scores: Any,
        room: Any,
        stop: Any,
        coverage: Any,
    ) -> dict[str, Any]:
        batch = scores.shape[0]
        logits, state = decoder.step(tokens, state, position)
        logits, sound = logits_of(logits)
        size = logits.shape[-1]
        own = ops.reshape(ops.log_softmax(logits, axis=-1), (batch, width * size))
        totals = ops.repeat(scores, size, axis=1) + ops.cast(own, scores.dtype)
        totals, places = top_k(totals, width)
        parents, chosen = places // size, places % size
        impossible = ops.isneginf(totals)
        within = ops.arange(width, dtype="int32")[None, :] < room[:, None]
        accepted = ops.logical_and(within, ~impossible)
        ends = ops.any(chosen[:, :, None] == stop[None, None, :], axis=-1)
        going = ops.logical_and(accepted, ~ends)
        rows = ops.arange(batch, dtype="int32")[:, None] * width + parents
        rows = ops.reshape(rows, (-1,))
        covered = ops.zeros_like(totals)
        if coverage is not None:
            weights, visible = decoder.attention(state)
            coverage = coverage + ops.cast(weights, coverage.dtype)
            shares = ops.log(ops.clip(coverage, 1e-30, 1.0))
            shares = ops.sum(ops.where(visible, shares, ops.zeros_like(shares)), axis=-1)
            covered = ops.reshape(ops.take(shares, rows, axis=0), (batch, width))
            coverage = ops.take(coverage, rows, axis=0)
        return {
            "tokens": chosen,
            "parents": parents,
            "totals": totals,
            "log_probs": ops.take_along_axis(own, places, axis=1),
            "accepted": accepted,
            "stopped": ops.logical_and(accepted, ends),
            "covered": covered,
            "sound": ops.reshape(sound, (batch, width)),
            "scores": ops.where(going, totals, ops.cast(-float("inf"), totals.dtype)),
            "coverage": coverage,
            "state": keras.tree.map_structure(lambda leaf: ops.take(leaf, rows, axis=0), state),
        }

    return program(decoder, ("advance_beams", width), run, donated=[1])


def check_sound(sound: np.ndarray, asked: np.ndarray, step: int) -> None:
    """Raises if a row that is still going on has logits that no token can be chosen by.

    Shapes: `(B, R)` booleans, `R` rows for each prompt.
    """
    bad = np.argwhere(asked & ~sound)
    if len(bad):
        raise UserError(
            f"the model's logits for new token {step + 1} of prompt {bad[0][0]} are NaN, infinite, "
            "or -inf for every token, so none can be chosen. Look at its weights: a training that "
            "diverged leaves such."
        )

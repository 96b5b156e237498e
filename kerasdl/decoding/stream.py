"""Tokens as they come."""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from keras import ops

from kerasdl.decoding import _checks, _programs
from kerasdl.decoding._programs import tensor
from kerasdl.decoding._prompts import Prompts, as_prompts, as_stop, room_for
from kerasdl.decoding.beam_search import BeamSearch
from kerasdl.decoding.decoder import Decoder
from kerasdl.decoding.filters import settings_of
from kerasdl.decoding.greedy import Greedy
from kerasdl.decoding.sampling import Sampling
from kerasdl.errors import UserError

_BLOCK = 64


@dataclasses.dataclass(frozen=True)
class Streamed:
    """One more token for each row that is still going on.

    A row is a prompt, or with `Sampling(samples=R)` one of its `R` sequences: row `b * R + r`.

    Attributes:
        tokens: `(rows,)`; -1 in rows that have ended before.
        log_probs: `(rows,)`, by the model itself; 0 in rows that have ended before.
        finished: `(rows,)`, whether the row's stop token has come, now or before.
    """

    tokens: np.ndarray
    log_probs: np.ndarray
    finished: np.ndarray


def stream(
    decoder: Decoder,
    prompts: Any,
    *,
    inputs: Any = None,
    strategy: Greedy | Sampling | None = None,
    max_new_tokens: int | None = None,
    stop: int | Sequence[int] | None = None,
    seed: int | None = None,
    lengths: Any = None,
    padding: str = "right",
) -> Iterator[Streamed]:
    """Yields the tokens of `generate` one by one, as soon as each is known.

    Arguments as in `generate`, without beam search, whose tokens are known at its end only. They
    are checked, and the prompts read, before the first token is asked for.

    Example:
        >>> from kerasdl.decoding import UncachedDecoder
        >>> model = keras.Sequential([keras.Input((8,)), keras.layers.Embedding(5, 5)])
        >>> decoder = UncachedDecoder(model, max_length=8)
        >>> len([step.tokens for step in stream(decoder, [[1, 2]], max_new_tokens=3)])
        3
    """
    strategy = Greedy() if strategy is None else strategy
    if isinstance(strategy, BeamSearch):
        raise UserError("beam search knows its tokens at the end only: use `generate`")
    if not isinstance(strategy, Greedy | Sampling):
        raise UserError(
            "`strategy` must be Greedy(), Sampling(...) or BeamSearch(...). "
            f"Received: strategy={strategy!r}"
        )
    if max_new_tokens is not None:
        _checks.count("max_new_tokens", max_new_tokens)
    rows = as_prompts(prompts, lengths, padding, decoder.vocabulary_size)
    ends = as_stop(stop, decoder.vocabulary_size)
    steps = room_for(decoder, rows, max_new_tokens)
    samples, uniforms = 1, None
    if isinstance(strategy, Sampling):
        samples = strategy.samples
        uniforms = _uniforms(seed, len(rows.lengths) * samples)
    state = _programs.repeated(_programs.begin(decoder, rows, inputs), samples)
    return _tokens(decoder, rows.repeated(samples), samples, state, strategy, steps, ends, uniforms)


def _tokens(
    decoder: Decoder,
    prompts: Prompts,
    samples: int,
    state: Any,
    strategy: Greedy | Sampling,
    steps: int,
    stop: tuple[int, ...],
    uniforms: Iterator[np.ndarray] | None,
) -> Iterator[Streamed]:
    run = _programs.advance(decoder)
    settings = settings_of(strategy)
    seen = None
    if "repetition_penalty" in settings:
        seen = tensor(_seen(prompts, decoder.vocabulary_size))
    every = np.arange(len(prompts.lengths))
    tokens = tensor(prompts.tokens[every, prompts.lengths - 1])
    finished = np.zeros(len(every), bool)
    for step in range(steps):
        position = tensor((prompts.lengths - 1 + step).astype("int32"))
        drawn = None if uniforms is None else tensor(next(uniforms))
        tokens, log_probs, sound, state, seen = run(tokens, state, position, settings, drawn, seen)
        shape = (-1, samples)
        _programs.check_sound(as_array(sound).reshape(shape), ~finished.reshape(shape), step)
        new = np.where(finished, -1, as_array(tokens))
        shares = np.where(finished, 0.0, as_array(log_probs))
        finished = finished | np.isin(new, stop)
        yield Streamed(new, shares, finished)
        if finished.all():
            return


def as_array(values: Any) -> np.ndarray:
    """The tensor as a NumPy array."""
    return np.asarray(ops.convert_to_numpy(values))


def _seen(prompts: Prompts, size: int) -> np.ndarray:
    seen = np.zeros((len(prompts.lengths), size), bool)
    for row, (tokens, length) in enumerate(zip(prompts.tokens, prompts.lengths, strict=True)):
        seen[row, tokens[:length]] = True
    return seen


def _uniforms(seed: int | None, rows: int) -> Iterator[np.ndarray]:
    """`(rows,)` numbers in [0, 1) a step; a row's depend on the seed and its number alone."""
    if seed is None:
        seed = int(np.random.randint(2**31))  # follows `keras.utils.set_random_seed`
    elif isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise UserError(f"`seed` must be a whole number of at least 0. Received: seed={seed!r}")
    bits = (np.random.Philox(np.random.SeedSequence((int(seed), row))) for row in range(rows))
    return _numbers([np.random.Generator(row) for row in bits])


def _numbers(rows: list[np.random.Generator]) -> Iterator[np.ndarray]:
    while True:  # some at a time: a call for each number and row would take longer than the step
        yield from np.stack([row.random(_BLOCK, dtype="float32") for row in rows], axis=1)

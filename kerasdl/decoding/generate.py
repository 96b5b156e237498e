"""The door of this room."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from kerasdl.decoding import _checks
from kerasdl.decoding._beams import search
from kerasdl.decoding._prompts import as_prompts, as_stop, room_for
from kerasdl.decoding.beam_search import BeamSearch
from kerasdl.decoding.decoder import Decoder
from kerasdl.decoding.generated import Generated
from kerasdl.decoding.greedy import Greedy
from kerasdl.decoding.sampling import Sampling
from kerasdl.decoding.stream import stream


def generate(
    decoder: Decoder,
    prompts: Any,
    *,
    inputs: Any = None,
    strategy: Greedy | Sampling | BeamSearch | None = None,
    max_new_tokens: int | None = None,
    stop: int | Sequence[int] | None = None,
    seed: int | None = None,
    lengths: Any = None,
    padding: str = "right",
) -> Generated:
    """Goes on from each prompt until a stop token, or as long as is asked for.

    Prompts may be of unequal length: each row has its own positions, so that its tokens are those
    it would have alone (what is drawn depends on the row's number too). A prompt's tokens but the
    last go through `Decoder.prefill` in chunks, the last one and each new one through
    `Decoder.step`. All shapes are static: one compilation of each serves prompts of any length,
    any values of a strategy's settings, any seed and any `max_new_tokens`. Another batch size,
    kind of strategy or set of filters needs another.

    Args:
        decoder: Of the model: `decoder_of(model)`, or an `UncachedDecoder`.
        prompts: Lists of tokens, one for each prompt, each with one token at least; or an array
            `(B, P)`, with `lengths`. An encoder-decoder has its start token as prompt.
        inputs: What `Decoder.start` takes, nested arrays with the batch first.
        strategy: `Greedy()` if None.
        max_new_tokens: For each row; None for as many as the decoder has room for after the
            longest prompt.
        stop: Token, or several, that end a sequence.
        seed: Of `Sampling`; None draws one from NumPy's global state.
        lengths: Real tokens of each row of an array; None for all.
        padding: Where an array has its padding: `"right"` or `"left"`.

    Returns:
        The sequences with their probabilities.

    Raises:
        UserError: If an argument is outside its range, a prompt leaves too little room, or the
            model's logits are NaN, infinite, or all `-inf`.

    Example:
        >>> from kerasdl.decoding import UncachedDecoder
        >>> model = keras.Sequential([keras.Input((8,)), keras.layers.Embedding(5, 5)])
        >>> decoder = UncachedDecoder(model, max_length=8)
        >>> generate(decoder, [[1], [2, 3, 4]], max_new_tokens=3).tokens.shape
        (2, 1, 3)
    """
    if isinstance(strategy, BeamSearch):
        if max_new_tokens is not None:
            _checks.count("max_new_tokens", max_new_tokens)
        rows = as_prompts(prompts, lengths, padding, decoder.vocabulary_size)
        ends = as_stop(stop, decoder.vocabulary_size)
        steps = room_for(decoder, rows, max_new_tokens)
        return search(decoder, rows, inputs, strategy, steps, ends)
    steps = list(
        stream(
            decoder,
            prompts,
            inputs=inputs,
            strategy=strategy,
            max_new_tokens=max_new_tokens,
            stop=stop,
            seed=seed,
            lengths=lengths,
            padding=padding,
        )
    )
    samples = strategy.samples if isinstance(strategy, Sampling) else 1

    def grouped(rows: np.ndarray) -> np.ndarray:
        return rows.reshape(-1, samples, *rows.shape[1:])

    tokens = grouped(np.stack([step.tokens for step in steps], axis=1))
    log_probs = grouped(np.stack([step.log_probs for step in steps], axis=1))
    total = log_probs.sum(axis=-1)
    return Generated(
        tokens,
        (tokens >= 0).sum(axis=-1),
        grouped(steps[-1].finished),
        log_probs,
        total,
        total,
        as_stop(stop, decoder.vocabulary_size),
    )

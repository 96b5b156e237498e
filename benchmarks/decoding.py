"""New tokens per second with and without a cache, and how often each part was compiled.

    KERAS_BACKEND=jax python benchmarks/decoding.py

A decoder-only transformer with random weights, in float32; greedy, prompts of 16 tokens, until the
context is full. Compiling is not counted: each decoder has run once before. Writes
`benchmarks/results/decoding-*.csv` with the median of the rounds and their range; the ratio is
that of the medians, cached over uncached.
"""

import argparse
import statistics
import time
from typing import Any

import keras
import numpy as np
from record import write

from kerasdl import layers
from kerasdl.decoding import Decoder, UncachedDecoder, generate

VOCABULARY, PROMPT = 96, 16


class Transformer(Decoder):
    def __init__(self, context: int, depth: int, width: int) -> None:
        tokens = keras.Input((context,), dtype="int32")
        self.embed = keras.layers.Embedding(VOCABULARY, width)
        self.positions = layers.LearnedPositions(context)
        self.blocks = [layers.TransformerDecoderBlock(4, 4 * width) for _ in range(depth)]
        self.norm = keras.layers.LayerNormalization()
        self.head = keras.layers.Dense(VOCABULARY)
        x = self.positions(self.embed(tokens))
        for block in self.blocks:
            x = block(x)
        model = keras.Model(tokens, self.head(self.norm(x)))
        super().__init__(model, VOCABULARY, context)

    def start(self, inputs: Any, batch_size: int) -> list:
        return [block.initial_cache(batch_size, self.max_length) for block in self.blocks]

    def step(self, tokens: Any, state: list, position: Any) -> tuple:
        x, state = self.run(tokens[:, None], state, position)
        return self.head(self.norm(x[:, 0])), state

    def prefill(self, tokens: Any, lengths: Any, state: list, position: Any) -> list:
        return self.run(tokens, state, position)[1]

    def run(self, tokens: Any, state: list, position: Any) -> tuple:
        x, caches = self.positions(self.embed(tokens), position=position), []
        for block, cache in zip(self.blocks, state, strict=True):
            x, cache = block.step(x, cache, position)
            caches.append(cache)
        return x, caches


def rates(decoder: Decoder, prompts: np.ndarray, rounds: int) -> tuple[list[float], np.ndarray]:
    tokens = generate(decoder, prompts).tokens
    seconds = []
    for _ in range(rounds):
        begun = time.perf_counter()
        generate(decoder, prompts)
        seconds.append(time.perf_counter() - begun)
    return [tokens.size / second for second in seconds], tokens


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--context", type=int, default=128)
    parser.add_argument("--depth", type=int, default=4)
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--batch", type=int, nargs="+", default=[1, 8])
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    keras.utils.set_random_seed(0)
    cached = Transformer(options.context, options.depth, options.width)
    plain = UncachedDecoder(cached.model, options.context)
    rows = []
    for batch in options.batch:
        prompts = np.random.default_rng(0).integers(0, VOCABULARY, (batch, PROMPT))
        with_cache, tokens = rates(cached, prompts, options.rounds)
        without, same = rates(plain, prompts, options.rounds)
        median = statistics.median(with_cache), statistics.median(without)
        rows.append(
            {
                "context": options.context,
                "depth": options.depth,
                "width": options.width,
                "batch": batch,
                "new_tokens": tokens.shape[-1],
                "rounds": options.rounds,
                "cached_tokens_per_s": round(median[0]),
                "cached_range": f"{min(with_cache):.0f} {max(with_cache):.0f}",
                "uncached_tokens_per_s": round(median[1]),
                "uncached_range": f"{min(without):.0f} {max(without):.0f}",
                "ratio": round(median[0] / median[1], 2),
                "share_of_equal_tokens": round(float((tokens == same).mean()), 4),
            }
        )
        print(rows[-1], flush=True)
    print("compilations, one for each batch size:", cached.compilations, plain.compilations)
    write("decoding", rows, keras.backend.backend())


if __name__ == "__main__":
    main()

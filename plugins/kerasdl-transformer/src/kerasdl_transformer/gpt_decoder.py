"""Writing with the decoder-only transformer, its keys and values kept."""

from typing import Any

import keras

from kerasdl.decoding import Decoder
from kerasdl_transformer import parts


class GPTDecoder(Decoder):
    """The cached step of architecture `gpt`.

    Args:
        model: What `kerasdl_transformer.gpt.build` returned.
    """

    def __init__(self, model: keras.Model) -> None:
        self.embedding = model.get_layer("embedding")
        self.positions = model.get_layer("positions")
        self.final_norm = model.get_layer("final_norm")
        names = ("attention_norm", "attention", "network_norm", "network")
        columns = [parts.numbered(model, f"block{{}}_{name}") for name in names]
        self.blocks = list(zip(*columns, strict=True))
        length = self.positions.context or parts.UNBOUNDED
        super().__init__(model, self.embedding.input_dim, length)

    def start(self, inputs: Any, batch_size: int) -> list[Any]:
        """Empty caches."""
        return [
            attention.initial_cache(batch_size, self.max_length)
            for _, attention, _, _ in self.blocks
        ]

    def step(self, tokens: Any, state: Any, position: Any) -> tuple[Any, list[Any]]:
        """The next token's logits."""
        x, state = self._run(tokens[:, None], state, position)
        return self.embedding(self.final_norm(x[:, 0]), reverse=True), state

    def prefill(self, tokens: Any, lengths: Any, state: Any, position: Any) -> list[Any]:
        """The caches with a prompt's part in them.

        What padding leaves at later places is written over before it is read.
        """
        return self._run(tokens, state, position)[1]

    def _run(self, tokens: Any, state: Any, position: Any) -> tuple[Any, list[Any]]:
        x, caches = self.positions(self.embedding(tokens), position=position), []
        for (attention_norm, attention, network_norm, network), cache in zip(
            self.blocks, state, strict=True
        ):
            y, cache = attention.step(attention_norm(x), cache, position)
            x = x + y
            x = x + network(network_norm(x))
            caches.append(cache)
        return x, caches

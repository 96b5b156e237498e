"""Writing with the encoder-decoder transformer, its keys and values kept."""

from typing import Any

import keras
from keras import ops

from kerasdl.building import token_lengths
from kerasdl.decoding import Decoder
from kerasdl_transformer import parts


class TransformerDecoder(Decoder):
    """The cached step of architecture `transformer`; its inputs are source tokens `(B, S)`.

    Its attention is the mean over the heads of the last block.

    Args:
        model: What `kerasdl_transformer.transformer.build` returned.
    """

    def __init__(self, model: keras.Model) -> None:
        layers = {layer.name: layer for layer in model.layers}
        self.embedding = layers["target_embedding"]
        self.source_embedding = layers.get("source_embedding", self.embedding)
        self.positions = layers["target_positions"]
        self.source_positions = layers["source_positions"]
        self.encoder = parts.numbered(model, "encoder_block{}")
        self.decoder = parts.numbered(model, "decoder_block{}")
        self.encoder_norm = layers.get("encoder_norm", _same)
        self.decoder_norm = layers.get("decoder_norm", _same)
        length = self.positions.context or parts.UNBOUNDED
        super().__init__(model, self.embedding.input_dim, length)

    def start(self, inputs: Any, batch_size: int) -> dict[str, Any]:
        """Empty caches, with keys and values of the encoded source, which none has looked at."""
        source = inputs[0] if isinstance(inputs, list | tuple) else inputs
        lengths = token_lengths(source)
        x = self.source_positions(self.source_embedding(source))
        for block in self.encoder:
            x = block(x, lengths=lengths)
        memory = self.encoder_norm(x)
        caches = [
            block.initial_cache(batch_size, self.max_length, memory, lengths)
            for block in self.decoder
        ]
        visible = ops.not_equal(source, 0)
        weights = ops.cast(ops.zeros_like(source), memory.dtype)
        return {"caches": caches, "visible": visible, "weights": weights}

    def step(self, tokens: Any, state: Any, position: Any) -> tuple[Any, dict[str, Any]]:
        """The next token's logits."""
        x, state = self._run(tokens[:, None], state, position)
        return self.embedding(self.decoder_norm(x[:, 0]), reverse=True), state

    def attention(self, state: Any) -> tuple[Any, Any]:
        """Weights over the source as the last token was read, and what of the source is real."""
        return state["weights"], state["visible"]

    def prefill(self, tokens: Any, lengths: Any, state: Any, position: Any) -> dict[str, Any]:
        """The caches with a prompt's part in them.

        What padding leaves at later places is written over before it is read.
        """
        return self._run(tokens, state, position)[1]

    def _run(self, tokens: Any, state: Any, position: Any) -> tuple[Any, dict[str, Any]]:
        x, caches = self.positions(self.embedding(tokens), position=position), []
        for block, cache in zip(self.decoder, state["caches"], strict=True):
            last = block is self.decoder[-1]
            x, cache, *weights = block.step(x, cache, position, return_weights=last)
            caches.append(cache)
        seen = ops.cast(ops.mean(weights[0][:, :, -1], axis=1), state["weights"].dtype)
        return x, {**state, "caches": caches, "weights": seen}


def _same(x: Any) -> Any:
    return x

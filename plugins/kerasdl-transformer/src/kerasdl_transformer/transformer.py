"""The encoder-decoder transformer: one sequence to another."""

from typing import Any

import keras

from kerasdl.building import activation, token_inputs, token_lengths
from kerasdl.errors import UserError
from kerasdl.layers import TransformerDecoderBlock, TransformerEncoderBlock
from kerasdl.plugin import Config, Spec
from kerasdl_transformer import parts
from kerasdl_transformer.token_embedding import TokenEmbedding


def build(config: Config, spec: Spec) -> keras.Model:
    """An encoder of the source, and a decoder that looks at it."""
    source, previous = token_inputs(spec, "source"), token_inputs(spec, "previous", target=True)
    source_embedding, target_embedding = _embeddings(config, spec)
    x = _embedded(source_embedding(source), config, spec.context, "source")
    lengths = token_lengths(source)
    memory = _encode(x, lengths, config)
    x = _embedded(target_embedding(previous), config, spec.target_context, "target")
    x = _decode(x, memory, lengths, config)
    logits = target_embedding(x, reverse=True)
    return keras.Model([source, previous], logits, name="transformer")


def _embeddings(config: Config, spec: Spec) -> tuple[TokenEmbedding, TokenEmbedding]:
    target = parts.embedding(spec.target_vocab_size, config, "target_embedding", True)
    if config.shared:
        if spec.vocab_size != spec.target_vocab_size:
            raise UserError(
                "`shared` needs one vocabulary for both texts. Received: shared=True, "
                f"vocab_size={spec.vocab_size}, target_vocab_size={spec.target_vocab_size}"
            )
        return target, target
    source = TokenEmbedding(
        spec.vocab_size,
        config.width,
        embeddings_initializer=parts.normal(config.width**-0.5),
        name="source_embedding",
    )
    return source, target


def _embedded(x: Any, config: Config, context: int | None, name: str) -> Any:
    x = parts.positions(config, context, f"{name}_positions", True)(x)
    return parts.dropped(x, config.dropout, f"{name}_dropout")


def _encode(x: Any, lengths: Any, config: Config) -> Any:
    for number in range(1, config.layers + 1):
        block = TransformerEncoderBlock(**_block(config), name=f"encoder_block{number}")
        x = block(x, lengths=lengths)
    return _normed(x, config, "encoder_norm")


def _decode(x: Any, memory: Any, lengths: Any, config: Config) -> Any:
    for number in range(1, config.layers + 1):
        block = TransformerDecoderBlock(
            **_block(config), cross_attention=True, name=f"decoder_block{number}"
        )
        x = block(x, memory, memory_lengths=lengths)
    return _normed(x, config, "decoder_norm")


def _block(config: Config) -> dict[str, Any]:
    return {
        "num_heads": config.heads,
        "hidden_size": parts.hidden_size(config),
        "norm_first": config.norm_first,
        "activation": activation(config.activation),
        "positions": parts.positions_of(config.positions),
        "dropout": config.dropout,
        "attention_dropout": config.attention_dropout,
    }


def _normed(x: Any, config: Config, name: str) -> Any:
    """Norms before the branches leave the sum without one."""
    if not config.norm_first:
        return x
    return keras.layers.LayerNormalization(epsilon=1e-5, name=name)(x)

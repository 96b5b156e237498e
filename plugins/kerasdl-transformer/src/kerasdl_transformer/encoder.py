"""A transformer that reads in both directions: classes, labels, hidden tokens."""

from typing import Any

import keras

from kerasdl.building import token_inputs, token_lengths
from kerasdl.errors import UserError
from kerasdl.layers import CharacterEncoder, TransformerEncoderBlock
from kerasdl.plugin import Config, Spec
from kerasdl_transformer import parts
from kerasdl_transformer.mean_over_text import MeanOverText


def build(config: Config, spec: Spec) -> keras.Model:
    """Encoder blocks on words, and what the task asks for at their end."""
    tokens = token_inputs(spec)
    inputs, lengths = [tokens], token_lengths(tokens)
    scaled = config.positions == "sinusoidal"
    embedding = parts.embedding(spec.vocab_size, config, "embedding", scaled)
    x = embedding(tokens)
    if spec.task == "sequence-labelling" and spec.characters is not None:
        characters = _character_inputs(spec)
        inputs.append(characters)
        x = x + _from_characters(characters, config, spec)
    x = parts.positions(config, spec.context, "positions", scaled)(x)
    x = parts.dropped(x, config.dropout, "embedding_dropout")
    x = _blocks(x, lengths, config)
    outputs = _head(x, lengths, embedding, config, spec)
    return keras.Model(inputs if len(inputs) > 1 else tokens, outputs, name="transformer-encoder")


def _character_inputs(spec: Spec) -> keras.KerasTensor:
    if spec.word_length is None:
        raise UserError(
            "`word_length` must be given where words come with characters. "
            f"Received: characters={spec.characters}, word_length=None"
        )
    return keras.Input((None, spec.word_length), dtype="int32", name="characters")


def _from_characters(characters: Any, config: Config, spec: Spec) -> Any:
    """As a sum the words' own vectors keep their shape, with characters and without."""
    encoder = CharacterEncoder(spec.characters, units=config.filters, name="characters_encoder")
    return keras.layers.Dense(config.width, name="characters_projection")(encoder(characters))


def _blocks(x: Any, lengths: Any, config: Config) -> Any:
    for number in range(1, config.layers + 1):
        x = TransformerEncoderBlock(
            config.heads,
            parts.hidden_size(config),
            norm_first=config.norm_first,
            positions=parts.positions_of(config.positions),
            dropout=config.dropout,
            attention_dropout=config.attention_dropout,
            name=f"block{number}",
        )(x, lengths=lengths)
    if config.norm_first:
        x = keras.layers.LayerNormalization(epsilon=1e-5, name="final_norm")(x)
    return x


def _head(x: Any, lengths: Any, embedding: Any, config: Config, spec: Spec) -> Any:
    if spec.task == "masked-language-modelling":
        return embedding(x, reverse=True)
    if spec.task == "text-classification":
        mean = config.pooling == "mean"
        x = MeanOverText(name="pooling")(x, lengths=lengths) if mean else x[:, 0]
    x = parts.dropped(x, config.dropout, "head_dropout")
    return keras.layers.Dense(spec.output_count, name="head")(x)

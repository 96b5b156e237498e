"""The decoder's layers: made once, then run over whole targets or step by step."""

from typing import Any

import keras
from keras import ops

from kerasdl import layers
from kerasdl.plugin import Config
from kerasdl_seq2seq.encoder import RNN, Encoded

Layers = dict[str, keras.layers.Layer]


def make(config: Config, embedding: keras.layers.Layer, words: int) -> Layers:
    """The decoder's layers by name, as they stand in the model."""
    made = [embedding, keras.layers.Dropout(config.dropout, name="target_dropout")]
    if config.feed_code:
        made.append(keras.layers.Dense(config.embedding, use_bias=False, name="code_feed"))
    plain = config.layers - config.input_feeding
    for number in range(1, plain + 1):
        name = f"decoder_{number}"
        made.append(RNN[config.rnn](config.units, return_sequences=True, name=name))
        if number < config.layers:
            made.append(keras.layers.Dropout(config.dropout, name=f"decoder_dropout_{number}"))
    made += [*_looking(config), keras.layers.Dropout(config.dropout, name="output_dropout")]
    if config.tied == "none":
        made.append(keras.layers.Dense(words, name="head"))
    elif config.attention == "none" and config.units != config.embedding:
        made.append(keras.layers.Dense(config.embedding, use_bias=False, name="to_embedding"))
    return {layer.name: layer for layer in made}


def _looking(config: Config) -> list[keras.layers.Layer]:
    if config.attention == "none":
        return []
    size = config.units if config.tied == "none" else config.embedding
    attention = _attention(config)
    if config.input_feeding:
        name = "attention_decoder"
        return [layers.AttentionDecoder(config.units, attention, config.rnn, True, size, name=name)]
    combine = keras.layers.Dense(size, activation="tanh", use_bias=False, name="combine")
    return [attention, combine]


def _attention(config: Config) -> keras.layers.Layer:
    if config.attention == "additive":
        return layers.AdditiveAttention(config.units, name="attention")
    units = config.units if config.attention == "concat" else None
    return layers.LuongAttention(config.attention, units, name="attention")


def embedded(made: Layers, tokens: Any, code: Any, training: bool | None = None) -> Any:
    """The decoder's input, `x[t] = E[token[t]]`, with `feed_code` plus `W code` at each step."""
    x = made["target_embedding"](tokens)
    if "code_feed" in made:
        x = x + ops.expand_dims(made["code_feed"](code), 1)
    return made["target_dropout"](x, training=training)


def plain_layers(made: Layers) -> list[keras.layers.Layer]:
    """The recurrent layers without attention, the lowest first."""
    return [made[name] for name in _numbered(made, "decoder_")]


def _numbered(made: Layers, prefix: str) -> list[str]:
    names = (f"{prefix}{number}" for number in range(1, len(made) + 1))
    return [name for name in names if name in made]


def logits_of(made: Layers, x: Any, training: bool | None = None) -> Any:
    """From the decoder's output, alone or with its context in it, to logits."""
    x = made["output_dropout"](x, training=training)
    if "head" in made:
        return made["head"](x)
    if "to_embedding" in made:
        x = made["to_embedding"](x)
    return made["target_embedding"](x, reverse=True)


def whole(made: Layers, previous: Any, encoded: Encoded) -> Any:
    """Logits of all steps, each from the tokens given before it (teacher forcing)."""
    x = embedded(made, previous, encoded.code)
    for number, layer in enumerate(plain_layers(made), 1):
        x = layer(x, initial_state=encoded.states[number - 1])
        if f"decoder_dropout_{number}" in made:
            x = made[f"decoder_dropout_{number}"](x)
    if "attention_decoder" in made:
        x = made["attention_decoder"](
            x, encoded.memory, lengths=encoded.lengths, initial_state=encoded.states[-1]
        )
    elif "attention" in made:
        context = made["attention"](x, encoded.memory, lengths=encoded.lengths)
        x = made["combine"](ops.concatenate([context, x], axis=-1))
    return logits_of(made, x)

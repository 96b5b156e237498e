"""The decoder of captions: layers made once, run over whole captions or step by step."""

from typing import Any

import keras
from keras import ops

from kerasdl import layers
from kerasdl.building import token_lengths
from kerasdl.plugin import Config

Layers = dict[str, keras.layers.Layer]


def make(config: Config, words: int) -> Layers:
    """The layers by name, as they stand in the model."""
    size = config.units
    made = [
        keras.layers.Embedding(words, config.embedding, name="target_embedding"),
        keras.layers.Dropout(config.dropout, name="target_dropout"),
        layers.LSTM(size, return_sequences=True, name="decoder"),
    ]
    if config.attention != "none":
        combine = keras.layers.Dense(size, activation="tanh", use_bias=False, name="combine")
        made += [_attention(config), combine]
    made.append(keras.layers.Dropout(config.dropout, name="output_dropout"))
    made.append(keras.layers.Dense(words, name="head"))
    return {layer.name: layer for layer in made}


def _attention(config: Config) -> keras.layers.Layer:
    if config.attention == "soft":
        return layers.SoftImageAttention(config.units, coverage=config.coverage, name="attention")
    return layers.HardImageAttention(config.units, config.expectation_rate, name="attention")


def embedded(made: Layers, tokens: Any, training: bool | None = None) -> Any:
    """The decoder's input."""
    return made["target_dropout"](made["target_embedding"](tokens), training=training)


def logits_of(made: Layers, hidden: Any, context: Any = None, training: bool | None = None) -> Any:
    """From the decoder's state, and what it saw, to logits."""
    if context is not None:
        hidden = made["combine"](ops.concatenate([context, hidden], axis=-1))
    return made["head"](made["output_dropout"](hidden, training=training))


def whole(made: Layers, previous: Any, regions: Any, states: list[Any]) -> tuple[Any, list[Any]]:
    """Logits of all steps, and for hard attention the draws' log-probabilities and entropies."""
    hidden = made["decoder"](embedded(made, previous), initial_state=states)
    if "attention" not in made:
        return logits_of(made, hidden), []
    look = made["attention"]
    if isinstance(look, layers.SoftImageAttention):
        lengths = token_lengths(previous)
        return logits_of(made, hidden, look(hidden, regions, lengths=lengths)), []
    context, *draws = look(hidden, regions)
    return logits_of(made, hidden, context), draws

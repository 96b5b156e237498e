"""One class for each text."""

from typing import Any

import keras
from keras import ops

from kerasdl import building
from kerasdl.building import token_lengths
from kerasdl.plugin import Config, Spec
from kerasdl_recurrent import stack, tokens


def build(config: Config, spec: Spec) -> keras.Model:
    """Embedding, recurrent layers, one vector for the text, and logits."""
    inputs = building.token_inputs(spec)
    lengths = token_lengths(inputs)
    x = stack.dropped(tokens.embedded(inputs, config, spec), config, "dropout_1")
    x = stack.stacked(x, config, lengths, sequences=config.pooling != "last")
    x = pooled(x, inputs, lengths, config.pooling)
    if config.dropout:
        x = keras.layers.Dropout(config.dropout, name="dropout_head")(x)
    return keras.Model(inputs, tokens.head(x, config, spec), name="recurrent")


def pooled(x: Any, inputs: Any, lengths: Any, pooling: str) -> Any:
    """One vector `(B, D)` for the outputs at a text's real steps; the others are 0."""
    if pooling == "max":
        real = ops.expand_dims(ops.not_equal(inputs, 0), -1)
        # Outputs lie in [-1, 1], so -1 loses against all of them.
        return ops.max(ops.where(real, x, -1.0), axis=1)
    if pooling == "mean":
        count = ops.cast(ops.maximum(lengths, 1), x.dtype)
        return ops.sum(x, axis=1) / ops.expand_dims(count, -1)
    return x

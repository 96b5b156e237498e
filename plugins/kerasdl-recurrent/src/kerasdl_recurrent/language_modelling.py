"""The next token, at every token."""

from typing import Any

import keras

from kerasdl import building
from kerasdl.layers import ChunkedCrossEntropy
from kerasdl.plugin import Config, Spec
from kerasdl_recurrent import stack, tokens


def build(config: Config, spec: Spec) -> keras.Model:
    """Embedding, recurrent layers that give their states, and logits of the vocabulary.

    Rows are not told their lengths: padding stands behind all real tokens, and what comes before
    cannot see it.
    """
    inputs = building.token_inputs(spec)
    output = _output(config, spec)
    if config.tied:
        x = tokens.words_dropped(output(inputs, embed=True), inputs, config, spec)
    else:
        x = tokens.embedded(inputs, config, spec)
    for number in range(1, config.layers + 1):
        x = stack.dropped(x, config, f"dropout_{number}")
        x = stack.recurrent(config, number, return_sequences=True, return_state=True)(x)[0]
    x = _narrowed(stack.dropped(x, config, "dropout_head"), config)
    return keras.Model(inputs, output(x), name="recurrent")


def _output(config: Config, spec: Spec) -> ChunkedCrossEntropy:
    """The layer of logits; where it is tied, the embedding as well."""
    return ChunkedCrossEntropy(
        spec.vocab_size,
        use_bias=True,
        embedding_size=config.embedding if config.tied else None,
        name="embedding" if config.tied else "head",
        **stack.initializers(config, "kernel_initializer"),
    )


def _narrowed(x: Any, config: Config) -> Any:
    """The features in the embedding's size, as a tied kernel needs them."""
    if not config.tied or config.units == config.embedding:
        return x
    arguments = stack.initializers(config, "kernel_initializer")
    return keras.layers.Dense(config.embedding, name="projection", **arguments)(x)

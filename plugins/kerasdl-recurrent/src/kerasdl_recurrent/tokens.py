"""What every network on tokens begins with."""

from typing import Any

import keras

from kerasdl.plugin import Config, Spec
from kerasdl_recurrent.embedding_dropout import EmbeddingDropout
from kerasdl_recurrent.stack import initializers
from kerasdl_recurrent.word_dropout import WordDropout


def embedded(tokens: Any, config: Config, spec: Spec) -> Any:
    """Vectors `(B, T, D)` of the tokens, some of which training takes for unknown ones."""
    if config.word_dropout:
        tokens = WordDropout(config.word_dropout, name="word_dropout")(tokens)
    embedding = keras.layers.Embedding(
        spec.vocab_size,
        config.embedding,
        name="embedding",
        **initializers(config, "embeddings_initializer"),
    )
    return words_dropped(embedding(tokens), tokens, config, spec)


def words_dropped(x: Any, tokens: Any, config: Config, spec: Spec) -> Any:
    """The vectors, with those of some words 0 in training."""
    if not config.embedding_dropout:
        return x
    layer = EmbeddingDropout(config.embedding_dropout, spec.vocab_size, name="embedding_dropout")
    return layer(x, tokens)


def head(x: Any, config: Config, spec: Spec) -> Any:
    """Logits of the spec's outputs."""
    arguments = initializers(config, "kernel_initializer")
    return keras.layers.Dense(spec.output_count, name="head", **arguments)(x)

"""Dropout of whole words of the vocabulary."""

from typing import Any

import keras
from keras import ops

from kerasdl.errors import UserError
from kerasdl_recurrent.word_dropout import check_rate


@keras.saving.register_keras_serializable(package="kerasdl_recurrent")
class EmbeddingDropout(keras.layers.Layer):
    """Sets the vectors of some words to 0 in training, at every place where these words stand.

    `y[b, t] = x[b, t] * m[tokens[b, t]]`, where `m` is 0 with probability `rate` and else
    `1 / (1 - rate)`, drawn for each word of the vocabulary once a batch. At inference `y = x`.

    Shapes: `B` batch, `T` time steps, `D` features, `V` words. Inputs `(B, T, D)` and tokens
    `(B, T)`; output `(B, T, D)`.

    Masking: none.
    Cost: one draw a word.

    Args:
        rate: Share of the words, in [0, 1).
        vocabulary_size: `V`.
        seed: Seed of the draws.

    Raises:
        UserError: If an argument is out of range.

    Differs from: dropout of the looked-up vectors, which forgets places and not words.

    Example:
        >>> layer = EmbeddingDropout(0.5, vocabulary_size=7)
        >>> layer(keras.ops.ones((2, 3, 4)), keras.ops.ones((2, 3), "int32")).shape
        (2, 3, 4)

    Reference: Gal and Ghahramani, 2016, https://arxiv.org/abs/1512.05287; Merity et al., 2018,
        section 4.3, https://arxiv.org/abs/1708.02182
    """

    def __init__(
        self, rate: float, vocabulary_size: int, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        check_rate(rate)
        if not isinstance(vocabulary_size, int) or vocabulary_size < 1:
            raise UserError(f"`vocabulary_size` must be at least 1. Received: {vocabulary_size=}")
        self.rate = rate
        self.vocabulary_size = vocabulary_size
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, inputs: Any, tokens: Any, training: bool | None = None) -> Any:
        """The vectors, with those of some words 0 in training."""
        if not training or not self.rate:
            return inputs
        factors = keras.random.dropout(
            ops.ones((self.vocabulary_size,), inputs.dtype), self.rate, seed=self.seed_generator
        )
        return inputs * ops.expand_dims(ops.take(factors, tokens, axis=0), -1)

    def compute_output_spec(self, inputs: Any, tokens: Any, training: bool | None = None) -> Any:
        """That of the vectors."""
        return keras.KerasTensor(inputs.shape, self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "rate": self.rate,
            "vocabulary_size": self.vocabulary_size,
            "seed": self.seed,
        }

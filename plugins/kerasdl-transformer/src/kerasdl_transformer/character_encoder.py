"""Words from their characters."""

from typing import Any

import keras
from keras import ops

from kerasdl.errors import UserError

_SIZES = ("vocabulary_size", "filters", "embedding_size", "width")


@keras.saving.register_keras_serializable(package="kerasdl_transformer")
class CharacterEncoder(keras.layers.Layer):
    """A vector for each word: a convolution over its characters, then the greatest value.

    `y[f] = max_w relu(b[f] + sum_{k, e} K[k, e, f] E[c[w + k - width // 2]][e])` over the word's
    real characters `w`, with zeros beside the word.

    Shapes: `B` batch, `T` words, `W` characters of a word, `F` filters. Input integers `(B, T, W)`,
    0 where a word has ended, output `(B, T, F)`.

    Masking: character 0 is padding. A word without characters gives zeros.
    Cost: `2 B T W * width * embedding_size * F`, as one product.

    Args:
        vocabulary_size: Characters, padding included.
        filters: `F`.
        embedding_size: Numbers for a character.
        width: Characters that a filter sees; odd.

    Raises:
        UserError: If a size is not a positive integer, or `width` is even.

    Differs from: `keras.layers.Conv1D` and pooling by the padding, and by one product in place of
        a convolution, which is faster on a CPU.

    Example:
        >>> CharacterEncoder(30, filters=8)(keras.ops.ones((2, 5, 9), "int32")).shape
        (2, 5, 8)

    Reference: Ma and Hovy, 2016, section 2.1, https://arxiv.org/abs/1603.01354
    """

    def __init__(
        self,
        vocabulary_size: int,
        filters: int,
        embedding_size: int = 24,
        width: int = 3,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        for name, value in zip(
            _SIZES, (vocabulary_size, filters, embedding_size, width), strict=True
        ):
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise UserError(f"`{name}` must be a positive integer. Received: {name}={value!r}")
        if width % 2 == 0:
            raise UserError(f"`width` must be odd. Received: width={width}")
        self.vocabulary_size = vocabulary_size
        self.filters = filters
        self.embedding_size = embedding_size
        self.width = width
        how = {"dtype": self.dtype_policy}
        self.embedding = keras.layers.Embedding(
            vocabulary_size, embedding_size, name="embedding", **how
        )
        self.product = keras.layers.Dense(filters, activation="relu", name="filters", **how)

    def build(self, input_shape: Any) -> None:
        """Creates the characters' vectors and the filters."""
        if len(input_shape) != 3:
            raise UserError(
                f"`inputs` must have shape (B, T, W). Received: shape={tuple(input_shape)}"
            )
        self.embedding.build()
        self.product.build((None, self.width * self.embedding_size))

    def call(self, inputs: Any) -> Any:
        """The words' vectors."""
        batch, words, length = ops.shape(inputs)
        characters = ops.reshape(inputs, (-1, length))
        real = ops.expand_dims(ops.not_equal(characters, 0), -1)
        vectors = self.embedding(characters)
        vectors = ops.where(real, vectors, ops.zeros_like(vectors))
        side = self.width // 2
        beside = ops.pad(vectors, [[0, 0], [side, side], [0, 0]])
        seen = ops.concatenate([beside[:, k : k + length] for k in range(self.width)], axis=-1)
        values = self.product(ops.reshape(seen, (-1, self.width * self.embedding_size)))
        values = ops.reshape(values, (-1, length, self.filters))
        # Values are at least 0, so that padding is never the greatest.
        values = ops.where(real, values, ops.zeros_like(values))
        return ops.reshape(ops.max(values, axis=1), (batch, words, self.filters))

    def compute_output_shape(self, input_shape: Any) -> Any:
        """`(B, T, F)`."""
        return (*input_shape[:2], self.filters)

    def compute_output_spec(self, inputs: Any) -> Any:
        """Shape and dtype of the output."""
        return keras.KerasTensor(self.compute_output_shape(inputs.shape), self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), **{name: getattr(self, name) for name in _SIZES}}

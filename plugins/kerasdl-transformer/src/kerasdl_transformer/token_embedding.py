"""An embedding that gives logits when it is run backwards."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kerasdl_transformer")
class TokenEmbedding(keras.layers.ReversibleEmbedding):
    """Vectors of tokens, and with `reverse=True` logits of tokens from vectors.

    `y = E[token]`; reversed `z = x E^T`, or with `tie_weights=False` `z = x R` with a kernel of
    its own.

    Shapes: `V` tokens, `D` features. Integers `(...)` to `(..., D)`; reversed `(..., D)` to
    `(..., V)`. `E` is `(V, D)`, `R` is `(D, V)`.

    Masking: none; padding is told by lengths.
    Cost: reversed, `2 D V` a position.

    Args:
        input_dim: Tokens, `V`.
        output_dim: Features, `D`.
        tie_weights: Whether the reverse uses `E`.
        embeddings_initializer: Of `E` and of `R`.
        **kwargs: As in `keras.layers.ReversibleEmbedding`.

    Differs from: `keras.layers.ReversibleEmbedding` by one product over all positions,
        `(B * T, D)`, which XLA's CPU code multiplies about twice as fast as `(B, T, D)`.

    Example:
        >>> layer = TokenEmbedding(7, 4)
        >>> layer(layer(keras.ops.ones((2, 3), "int32")), reverse=True).shape
        (2, 3, 7)

    Reference: Press and Wolf, 2017, https://arxiv.org/abs/1608.05859
    """

    def call(self, inputs: Any, reverse: bool = False) -> Any:
        """The vectors, or the logits."""
        if not reverse:
            return super().call(inputs)
        leading = ops.shape(inputs)[:-1]
        rows = super().call(ops.reshape(inputs, (-1, self.output_dim)), reverse=True)
        return ops.reshape(rows, (*leading, self.input_dim))

"""Predictions in the place of given tokens: scheduled sampling in two passes."""

from typing import Any

import keras
from keras import ops

from kerasdl.errors import UserError


@keras.saving.register_keras_serializable(package="kerasdl_seq2seq")
class PredictedTokens(keras.layers.Layer):
    """Replaces a share of the tokens given to a decoder by those it predicts, in training.

    ```
    predicted[t] = argmax_v logits[t-1, v]
    y[t]         = predicted[t] with probability share(n), else tokens[t];   y[0] = tokens[0]
    share(n)     = share * min(1, n / ramp)        n training calls so far; share if ramp = 0
    ```

    `logits` come from a first pass over the given tokens; the decoder then runs again on `y`, and
    that second pass alone is trained: no gradient passes through the tokens. Padding stays padding.
    At inference `y = tokens`, and the first pass has no effect (a compiled model leaves it out).

    Shapes: `B` batch, `T` steps, `V` vocabulary. Tokens `(B, T)`, logits `(B, T, V)`; output
    `(B, T)`.

    Masking: ignores masks; token 0 is padding.
    Cost: a second forward pass of the decoder.

    Args:
        share: Probability of a prediction at each place, in [0, 1].
        ramp: Training steps over which the share grows from 0.
        seed: Of the draws.

    Raises:
        UserError: If `share` is outside [0, 1] or `ramp` negative.

    Differs from: Bengio et al. (2015), where each prediction follows the tokens already mixed, one
        step after the other, so that errors pile up as in generation. Here it follows the given
        ones, which lets both passes run over all steps at once. With `share=1` that is not free
        generation either.

    Example:
        >>> tokens = keras.ops.array([[1, 4, 2]])
        >>> logits = keras.ops.one_hot(keras.ops.array([[3, 2, 0]]), 5)
        >>> PredictedTokens(1.0)(tokens, logits, training=True).tolist()
        [[1, 3, 2]]

    Reference: Mihaylova and Martins, 2019, https://arxiv.org/abs/1906.07651; Duckworth et al.,
        2019, https://arxiv.org/abs/1906.04331
    """

    def __init__(self, share: float, ramp: int = 0, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**{"autocast": False, **kwargs})
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:
            raise UserError(f"`share` must be in [0, 1]. Received: share={share!r}")
        if isinstance(ramp, bool) or not isinstance(ramp, int) or ramp < 0:
            raise UserError(f"`ramp` must be an integer of at least 0. Received: ramp={ramp!r}")
        self.share = share
        self.ramp = ramp
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def build(self, tokens_shape: Any, logits_shape: Any) -> None:
        """Creates the counter of training calls."""
        self.training_calls = self.add_weight(
            shape=(), dtype="int32", initializer="zeros", trainable=False, name="training_calls"
        )

    def call(self, tokens: Any, logits: Any, training: bool | None = None) -> Any:
        """The mixed tokens in training, the given ones otherwise."""
        if not training:
            return tokens
        predicted = ops.cast(ops.argmax(logits[:, :-1], axis=-1), tokens.dtype)
        predicted = ops.concatenate([tokens[:, :1], predicted], axis=1)
        draws = keras.random.uniform(ops.shape(tokens), seed=self.seed_generator)
        swap = ops.logical_and(draws < self._next_share(), tokens != 0)
        return ops.where(swap, predicted, tokens)

    def _next_share(self) -> Any:
        calls = ops.cast(ops.convert_to_tensor(self.training_calls), "float32")
        self.training_calls.assign_add(1)
        return self.share * ops.minimum(1.0, calls / self.ramp) if self.ramp else self.share

    def compute_output_spec(self, tokens: Any, logits: Any, training: bool | None = None) -> Any:
        """That of the tokens."""
        return keras.KerasTensor(tokens.shape, dtype=tokens.dtype)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        config = {"share": self.share, "ramp": self.ramp, "seed": self.seed}
        return {**super().get_config(), **config}

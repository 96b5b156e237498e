"""Words that training takes for unknown."""

from typing import Any

import keras
from keras import ops

from kerasdl.errors import UserError


@keras.saving.register_keras_serializable(package="kerasdl_recurrent")
class WordDropout(keras.layers.Layer):
    """Puts the unknown token in place of some tokens in training; padding, which is 0, stays.

    `y[b, t] = unknown` with probability `rate` where `x[b, t]` is not 0, else `x[b, t]`. So the
    unknown token's vector is trained even if the training texts have no unknown word, and a
    labeller learns to read context and characters.

    Shapes: integers of any shape; the output has the shape of the input.

    Masking: none.

    Args:
        rate: Share of the tokens, in [0, 1).
        unknown: Number of the unknown token.
        seed: Seed of the draws.

    Raises:
        UserError: If `rate` is out of range.

    Differs from: `EmbeddingDropout`, which gives some words vectors of 0.

    Example:
        >>> WordDropout(0.5)(keras.ops.ones((2, 5), "int32"), training=True).shape
        (2, 5)

    Reference: Iyyer et al., 2015, section 3.1, https://aclanthology.org/P15-1162
    """

    def __init__(
        self, rate: float, unknown: int = 1, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        check_rate(rate)
        self.rate = rate
        self.unknown = unknown
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """The tokens, some of them unknown in training."""
        if not training or not self.rate:
            return inputs
        draws = keras.random.uniform(ops.shape(inputs), dtype="float32", seed=self.seed_generator)
        lost = ops.logical_and(draws < self.rate, ops.not_equal(inputs, 0))
        return ops.where(lost, ops.full_like(inputs, self.unknown), inputs)

    def compute_output_spec(self, inputs: Any, training: bool | None = None) -> Any:
        """That of the tokens."""
        return keras.KerasTensor(inputs.shape, inputs.dtype)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "rate": self.rate,
            "unknown": self.unknown,
            "seed": self.seed,
        }


def check_rate(rate: float) -> None:
    """Raises `UserError` unless `rate` is in [0, 1)."""
    if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 <= rate < 1:
        raise UserError(f"`rate` must be in [0, 1). Received: rate={rate!r}")

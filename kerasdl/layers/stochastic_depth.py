"""Residual branches that are left out at random."""

from typing import Any

import keras
from keras import ops

from kerasdl.layers import _checks


@keras.saving.register_keras_serializable(package="kerasdl")
class StochasticDepth(keras.layers.Layer):
    """Leaves a residual branch out for some examples, in training ("drop path").

    In training `y[b] = x[b] * k[b] / (1 - rate)`, `k[b] ~ Bernoulli(1 - rate)`, a draw an example;
    outside training `y = x`. Put it at the end of the branch: `x + StochasticDepth(r)(f(x))`.

    Shapes: `B` batch. Input and output `(B, ...)`.

    Masking: passes the mask on.
    Cost: one product a value. The branch is still computed.

    Args:
        rate: Share of the examples whose branch is left out; usually grows with the depth.
        seed: Of the draws.

    Raises:
        UserError: If `rate` is not in [0, 1).

    Differs from: `keras.layers.Dropout` with a `noise_shape` of the batch alone, which needs the
        rank of its input written out.

    Example:
        >>> StochasticDepth(0.5)(keras.ops.ones((2, 3))).tolist()
        [[1.0, 1.0, 1.0], [1.0, 1.0, 1.0]]

    Reference: Huang et al., 2016, https://arxiv.org/abs/1603.09382
    """

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        _checks.rate("rate", rate)
        self.rate = rate
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.supports_masking = True

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """The branch, or 0 for the examples drawn."""
        if not (training and self.rate):
            return inputs
        shape = (ops.shape(inputs)[0], *(1 for _ in inputs.shape[1:]))
        kept = keras.random.uniform(shape, seed=self.seed_generator) >= self.rate
        return inputs * ops.cast(kept, inputs.dtype) / (1.0 - self.rate)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The input's shape."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}

"""A code that is a normal distribution for each input."""

from typing import Any

import keras
from keras import ops

from kerasdl.errors import UserError


@keras.saving.register_keras_serializable(package="kerasdl_autoencoder")
class GaussianCode(keras.layers.Layer):
    """Draws from `N(mean, exp(log_variance))`, and adds its divergence from `N(0, 1)` to the loss.

    ```
    z    = mean + exp(log_variance / 2) * n          n standard normal; in training
    z    = mean                                      at inference
    loss = kl_weight * mean_b KL_b
    KL_b = 1/2 sum_k (mean^2 + exp(log_variance) - 1 - log_variance)
    ```

    The draw is written as a function of mean and variance, so that both get gradients. `KL_b` is
    `KL(N(mean, exp(log_variance)) || N(0, 1))` of one input, summed over the code and computed in
    float32 under any policy. It is added with `add_loss`, in training and in evaluation.

    Shapes: `B` batch, `K` code size. Inputs two of `(B, K)`: mean, log-variance. Output `(B, K)`.

    Masking: none.

    Args:
        kl_weight: Factor of the divergence, at least 0. What it means for the whole loss is said
            at `kerasdl_autoencoder.vae.build`.
        seed: Seed of the draws.

    Raises:
        UserError: If `kl_weight` is negative.

    Differs from: `keras.layers.GaussianNoise`, whose variance is a constant and no input.

    Example:
        >>> mean, log_variance = keras.ops.ones((2, 3)), keras.ops.zeros((2, 3))
        >>> code = GaussianCode(kl_weight=1.0)
        >>> code([mean, log_variance]).shape, float(code.losses[0])
        ((2, 3), 1.5)

    Reference: Kingma and Welling, 2014, section 2.4 and appendix B, https://arxiv.org/abs/1312.6114
    """

    def __init__(self, kl_weight: float = 1.0, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if (
            isinstance(kl_weight, bool)
            or not isinstance(kl_weight, int | float)
            or not kl_weight >= 0
        ):
            raise UserError(f"`kl_weight` must be at least 0. Received: kl_weight={kl_weight!r}")
        self.kl_weight = kl_weight
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, inputs: Any, training: bool = False) -> Any:
        """A draw in training, the mean otherwise."""
        mean, log_variance = inputs
        if self.kl_weight:
            self.add_loss(self.kl_weight * ops.mean(_divergence(mean, log_variance)))
        if not training:
            return mean
        noise = keras.random.normal(ops.shape(mean), dtype=mean.dtype, seed=self.seed_generator)
        return mean + ops.exp(0.5 * log_variance) * noise

    def compute_output_shape(self, input_shape: Any) -> Any:
        """That of the mean."""
        return input_shape[0]

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "kl_weight": self.kl_weight, "seed": self.seed}


def _divergence(mean: Any, log_variance: Any) -> Any:
    """KL divergence from the standard normal distribution, `(B,)`."""
    mean, log_variance = ops.cast(mean, "float32"), ops.cast(log_variance, "float32")
    terms = ops.square(mean) + ops.expm1(log_variance) - log_variance
    return 0.5 * ops.sum(terms, axis=-1)

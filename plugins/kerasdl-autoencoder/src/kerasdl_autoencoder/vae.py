"""Variational autoencoder."""

from typing import Any

import keras

from kerasdl import building
from kerasdl.plugin import Config, Spec
from kerasdl_autoencoder import conv_parts, dense_parts, parts
from kerasdl_autoencoder.gaussian_code import GaussianCode


def build(config: Config, spec: Spec) -> keras.Model:
    """Encoder to mean and log-variance, `code` drawn from them (the mean at inference), decoder.

    With `D` values in an input, reconstruction loss `R` (a mean over samples and values) and
    `KL` the divergence of the code from `N(0, 1)` (a sum over the code, a mean over samples), the
    whole loss is

        L = R + kl_weight / D * KL

    The evidence lower bound is `ELBO = E[log p(x|z)] - KL`, its expectation taken by one draw.

    - `R` binary cross-entropy of values in [0, 1], as Bernoulli probabilities: `D R` is
      `-log p(x|z)` and `L = -ELBO / D` with `kl_weight=1`.
    - `R` mean squared error in the unit of the decoder's output, `p(x|z)` normal with variance
      `s^2` for each value: `-log p(x|z) = D R / (2 s^2) + D/2 log(2 pi s^2)`, so that
      `L = -(2 s^2 / D) ELBO + constant` with `kl_weight = 2 s^2`. The default 0.02 means a noise
      of 0.1, a tenth of the range of a pixel or of a feature's deviation.

    At inference, and so in the validation loss, `R` is that of the mean code.

    For a classification task a head of logits stands on the mean, and there is no log-variance.
    """
    convolutional = config.encoder == "convolutional"
    inputs, x = (
        building.image_inputs(spec, fixed_size=True)
        if convolutional
        else building.float_inputs(spec)
    )
    x = conv_parts.encoded(x, config) if convolutional else _rows(x, config)
    decoded = conv_parts.decoded if convolutional else dense_parts.decoded
    mean = keras.layers.Dense(config.code, name="encoder_mean")(x)
    return parts.finished(
        inputs,
        _code(x, mean, config, spec),
        spec,
        lambda code: decoded(code, config, spec),
        "vae",
    )


def _rows(x: Any, config: Config) -> Any:
    return dense_parts.encoded(dense_parts.flattened(x), config)


def _code(x: Any, mean: Any, config: Config, spec: Spec) -> Any:
    if spec.task != "autoencoding":
        return keras.layers.Activation("linear", name="code")(mean)
    # A variance of 1 at the start: random ones overflow where inputs are far out.
    log_variance = keras.layers.Dense(
        config.code, kernel_initializer="zeros", name="encoder_log_variance"
    )(x)
    weight = config.kl_weight / parts.value_count(spec)
    return GaussianCode(weight, name="code")([mean, log_variance])

"""Convolutional autoencoder."""

import keras

from kerasdl import building
from kerasdl.plugin import Config, Spec
from kerasdl_autoencoder import conv_parts, parts


def build(config: Config, spec: Spec) -> keras.Model:
    """Noise in training, convolutions of stride 2, a dense layer to `code`, and the way back.

    For a classification task a head of logits takes the decoder's place and there is no noise; the
    encoder's layers keep names and shapes.
    """
    inputs, x = building.image_inputs(spec, fixed_size=True)
    x = conv_parts.encoded(parts.corrupted(x, config, spec), config)
    code = parts.code_vector(x, config, keras.layers.Dense(config.code, name="encoder_code"))
    return parts.finished(
        inputs,
        code,
        spec,
        lambda code: conv_parts.decoded(code, config, spec),
        "conv_autoencoder",
    )

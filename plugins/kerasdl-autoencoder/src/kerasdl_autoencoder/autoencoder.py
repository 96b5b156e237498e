"""Dense autoencoder, with kernels of its own or shared by both directions."""

from typing import Any

import keras

from kerasdl import building
from kerasdl.layers import TiedDense
from kerasdl.plugin import Config, Spec
from kerasdl_autoencoder import dense_parts, parts


def build(config: Config, spec: Spec) -> keras.Model:
    """Noise in training, dense layers down to `code`, and as many back to the input's shape.

    With `tied`, the layers of the encoder run backwards in the decoder: their kernels transposed,
    with a bias of its own for each direction. For a classification task a head of logits takes the
    decoder's place and there is no noise; the encoder's layers keep names and shapes.
    """
    inputs, x = building.float_inputs(spec)
    x = dense_parts.flattened(parts.corrupted(x, config, spec))
    if config.tied and spec.task == "autoencoding":
        return _tied(inputs, x, config, spec)
    last = keras.layers.Dense(config.code, name="encoder_code")
    code = parts.code_vector(dense_parts.encoded(x, config), config, last)
    return parts.finished(
        inputs,
        code,
        spec,
        lambda code: dense_parts.decoded(code, config, spec),
        "autoencoder",
    )


def _tied(inputs: Any, x: Any, config: Config, spec: Spec) -> keras.Model:
    names = [*(f"encoder_{number}" for number in range(1, len(config.widths) + 1)), "encoder_code"]
    layers = []
    for name, width in zip(names, (*config.widths, config.code), strict=True):
        first, last = not layers, name == "encoder_code"
        output = parts.output_activation(config, spec)
        layer = TiedDense(
            width,
            activation=None if last else building.activation(config.activation),
            reverse_activation=output if first else building.activation(config.activation),
            name=name,
        )
        layers.append(layer)
        x = parts.code_vector(x, config, layer) if last else layer(x)
    for layer in reversed(layers):
        x = layer(x, reverse=True)
    return keras.Model(inputs, dense_parts.shaped(x, spec), name="autoencoder")

"""How the architecture is built."""

import keras


def build(config, spec):
    """One hidden layer of `config.width` units; the last layer gives logits or real values."""
    inputs = keras.Input(spec.input_shape, dtype=spec.input_dtype, name="input")
    x = keras.layers.Dense(config.width, activation="relu", name="hidden")(inputs)
    outputs = keras.layers.Dense(spec.outputs, name="head")(x)
    return keras.Model(inputs, outputs, name="one_hidden_layer")

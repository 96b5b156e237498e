"""ResNet's features, a dense layer, and the classes."""

import keras

import kerasdl


def build(config, spec):
    """Logits for each class."""
    features = kerasdl.backbone("resnet18", spec, width=config.width, freeze=config.frozen)
    inputs = keras.Input(spec.input_shape, dtype=spec.input_dtype)
    x = keras.layers.Dense(config.units, "relu", name="neck")(features(inputs))
    return keras.Model(inputs, keras.layers.Dense(spec.outputs, name="head")(x), name="necked")

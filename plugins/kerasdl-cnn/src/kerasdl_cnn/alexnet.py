"""AlexNet, in the form for one device."""

import keras

from kerasdl import building
from kerasdl.plugin import Config, Spec
from kerasdl_cnn import parts

# Filters, kernel size, strides, zeros on each side, and whether pooling follows.
_CONVOLUTIONS = (
    (64, 11, 4, 2, True),
    (192, 5, 1, 2, True),
    (384, 3, 1, 1, False),
    (256, 3, 1, 1, False),
    (256, 3, 1, 1, True),
)


def build(config: Config, spec: Spec) -> keras.Model:
    """Five convolutions, three of them with overlapping max pooling, and three dense layers.

    The one-tower form of Krizhevsky (2014), without local response normalization, as torchvision
    has it: 61,100,840 parameters at 224x224x3 and 1000 classes. Images of at least 63x63.
    """
    outputs = spec.output_count
    inputs, x = building.image_inputs(spec, fixed_size=True)
    for number, (filters, size, strides, padding, pooled) in enumerate(_CONVOLUTIONS, 1):
        x = parts.convolution(
            x,
            filters,
            size,
            f"conv{number}",
            strides=strides,
            padding=padding,
            kernel_initializer=building.initializer("he_normal"),
        )
        x = parts.activation(x, "relu", f"conv{number}_activation")
        if pooled:
            x = parts.pooling(x, "max", 3, f"pool{number}", strides=2)
    x = parts.flattened(x, "flatten", "flatten")
    for number, width in enumerate(config.dense, 1):
        if config.dropout:
            x = keras.layers.Dropout(config.dropout, name=f"dense{number}_dropout")(x)
        x = keras.layers.Dense(
            width, kernel_initializer=building.initializer("he_normal"), name=f"dense{number}"
        )(x)
        x = parts.activation(x, "relu", f"dense{number}_activation")
    return keras.Model(inputs, keras.layers.Dense(outputs, name="head")(x), name="alexnet")

"""LeNet-5."""

import keras

from kerasdl import building
from kerasdl.plugin import Config, Spec
from kerasdl_cnn import parts


def build(config: Config, spec: Spec) -> keras.Model:
    """Two convolutions with pooling, then dense layers of 120 and 84 units.

    As the network is usually given today (Zhang et al., Dive into Deep Learning, section 7.6):
    each map of the second convolution sees all six of the first, pooling has no weights, and the
    head is dense, which makes 61,706 parameters on 32x32x1 images in 10 classes. LeCun et al.
    (1998) connect the maps by a table, train the pooling, and end in radial units: 60,000.
    """
    outputs = spec.output_count
    inputs, x = building.image_inputs(spec, fixed_size=True)
    x = parts.convolution(x, 6, 5, "conv1", padding=_padding(config, spec))
    x = parts.activation(x, config.activation, "conv1_activation")
    x = parts.pooling(x, config.pooling, 2, "pool1")
    x = parts.convolution(x, 16, 5, "conv2", padding=0)
    x = parts.activation(x, config.activation, "conv2_activation")
    x = parts.pooling(x, config.pooling, 2, "pool2")
    x = parts.flattened(x, "flatten", "flatten")
    for number, width in enumerate((120, 84), 1):
        x = keras.layers.Dense(width, name=f"dense{number}")(x)
        x = parts.activation(x, config.activation, f"dense{number}_activation")
    return keras.Model(inputs, keras.layers.Dense(outputs, name="head")(x), name="lenet5")


def _padding(config: Config, spec: Spec) -> int:
    """As configured, else what brings the 28x28 of MNIST to the 32x32 of the paper."""
    if config.padding is not None:
        return config.padding
    return 2 if spec.input_shape is not None and spec.input_shape[:2] == (28, 28) else 0

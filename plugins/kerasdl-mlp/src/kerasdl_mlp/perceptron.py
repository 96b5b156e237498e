"""Rosenblatt's perceptron."""

import keras

from kerasdl.building import flat_inputs
from kerasdl.layers import hard_threshold
from kerasdl.plugin import Config, Spec


def build(config: Config, spec: Spec) -> keras.Model:
    """One layer of threshold units; each output is 0 or 1, not a logit.

    Its gradient passes through the threshold unchanged. With half the squared error summed over
    outputs, plain SGD, and one sample a step it learns by Rosenblatt's rule,
    `w += rate * (target - output) * input`.
    """
    inputs, x = flat_inputs(spec)
    head = keras.layers.Dense(
        spec.output_count, activation=hard_threshold, kernel_initializer="zeros", name="head"
    )
    return keras.Model(inputs, head(x), name="perceptron")

"""Weights at which a network has a derivative."""

import keras
import numpy as np

from kerasdl.testing.numerics import to_numpy


def move_constants(model: keras.Model) -> None:
    """Adds small random numbers to each trainable variable that is a constant, the same each time.

    A fresh network need not have a derivative: where one ReLU gives 0, the next one's bias, which
    is 0 too, puts it exactly on its kink, and a central difference is half of the slope beside it.
    """
    generator = np.random.default_rng(0)
    for variable in model.trainable_variables:
        values = to_numpy(variable)
        if np.ptp(values) == 0:
            variable.assign(values + generator.normal(scale=0.1, size=values.shape))

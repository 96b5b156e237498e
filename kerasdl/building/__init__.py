"""What builders of architectures share: inputs from a spec, and Keras's parts by name."""

from kerasdl.building.inputs import (
    flat_inputs,
    float_inputs,
    image_inputs,
    token_inputs,
    token_lengths,
)
from kerasdl.building.named import activation, initializer

__all__ = [
    "activation",
    "flat_inputs",
    "float_inputs",
    "image_inputs",
    "initializer",
    "token_inputs",
    "token_lengths",
]

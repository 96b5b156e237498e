"""What all builders of this plugin begin with and ask of the spec."""

import keras

from kerasdl.errors import UserError
from kerasdl.plugin import Spec


def flat_inputs(spec: Spec) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """The model's input, and the same as float rows `(B, features)`.

    Raises:
        UserError: If the spec has no input shape, or one with an open axis.
    """
    shape = spec.input_shape
    if not shape or None in shape:
        raise UserError(
            f"`input_shape` must be given, each axis known. Received: input_shape={shape}"
        )
    inputs = x = keras.Input(shape, dtype=spec.input_dtype, name="input")
    if "float" not in spec.input_dtype:
        x = keras.layers.Rescaling(1.0, name="as_float")(x)
    if len(shape) > 1:
        x = keras.layers.Flatten(data_format="channels_last", name="flatten")(x)
    return inputs, x

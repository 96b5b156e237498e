"""A penalty on the distance from other values."""

import math
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasdl.errors import UserError


@keras.saving.register_keras_serializable(package="kerasdl")
class ParameterTying(keras.Regularizer):
    """`strength * sum_i (w[i] - r[i]) ** 2`: soft parameter sharing.

    The reference `r` is a fixed array, such as pretrained weights to stay close to, or a weight of
    another layer that learns too: then both are drawn together, and giving one of the two this
    regularizer is enough.

    A `.keras` file keeps the tie between two layers of one model. `clone_model` and `from_config`
    make copies that share nothing: there the penalty raises, and `reference` is to be set to the
    clone's layer.

    Shapes: any; the reference has the shape of the weight. The result is a scalar.

    Args:
        reference: An array, or nested lists, or a layer of the same model.
        strength: Factor of the sum, at least 0.
        weight: Name of the weight, if `reference` is a layer.

    Raises:
        ValueError: If `strength` is negative, the reference is a variable, the shapes differ, or
            the reference layer has no such weight.

    Differs from: `keras.regularizers.L2`, whose reference is zero; `TiedDense`, which shares one
        kernel.

    Example:
        >>> float(ParameterTying([1.0, 1.0], strength=0.5)(np.array([0.0, 3.0])))
        2.5

    Reference: Goodfellow, Bengio & Courville, 2016, section 7.9,
        https://www.deeplearningbook.org/contents/regularization.html
    """

    def __init__(self, reference: Any, strength: float = 1e-2, weight: str = "kernel") -> None:
        if not isinstance(strength, int | float) or not 0 <= strength < math.inf:
            raise UserError(
                f"`strength` must be a finite number of at least 0. Received: {strength=}"
            )
        if isinstance(reference, keras.Variable):
            raise UserError(
                "`reference` must be an array, or the layer that has the variable: a file cannot "
                f"keep a tie to a variable. Received: reference={reference.path}"
            )
        if isinstance(reference, dict):
            reference = keras.saving.deserialize_keras_object(reference)
        self.reference = reference
        self.strength = strength
        self.weight = weight

    def __call__(self, x: Any) -> Any:
        """The penalty of one weight."""
        x = ops.convert_to_tensor(x)
        # the squares of 16-bit weights may overflow in the sum
        x = ops.cast(x, keras.backend.result_type(x.dtype, "float32"))
        reference = ops.convert_to_tensor(self._values(), dtype=x.dtype)
        if tuple(x.shape) != tuple(reference.shape):
            raise UserError(
                "`reference` must have the shape of the weight. "
                f"Expected: {tuple(x.shape)}, received: {tuple(reference.shape)}"
            )
        return self.strength * ops.sum(ops.square(x - reference))

    def _values(self) -> Any:
        if not isinstance(self.reference, keras.layers.Layer):
            return self.reference
        for variable in self.reference.variables:
            if variable.name == self.weight:
                return variable
        raise UserError(
            f"the reference layer {self.reference.name!r} has no weight {self.weight!r}. It is not "
            "built, or it is a copy, as `clone_model` and `from_config` make one: set `reference` "
            "of this regularizer to the layer that is meant."
        )

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        if isinstance(self.reference, keras.layers.Layer):
            reference = keras.saving.serialize_keras_object(self.reference)
            # a copy stays unbuilt, so that it is noticed; a file knows the layer by this number
            reference.pop("build_config", None)
            reference["shared_object_id"] = id(self.reference)
        else:
            reference = np.asarray(self.reference).tolist()
        return {"reference": reference, "strength": self.strength, "weight": self.weight}

"""Weight normalization around any layer."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from kerasdl.errors import UserError
from kerasdl.layers._dense import serialize_unbuilt
from kerasdl.layers._substitution import call_with, find_variables


@keras.saving.register_keras_serializable(package="kerasdl")
class WeightNormalization(keras.layers.Wrapper):
    """Splits a layer's weights into a length and a direction, trained apart.

    `w[..., u] = g[u] * v[..., u] / ||v[..., u]||`, one length for each unit `u` of the last axis.
    `v` is the layer's own variable; `g` starts at `||v||`, so that the layer starts as it was.

    Shapes: those of the layer.

    Masking: that of the layer.
    Cost: one norm and one product a weight and call, `U` more parameters a matrix.

    Args:
        layer: Any layer built from one input shape.
        weights: Names of the variables to normalize; of all sublayers.

    Call arguments:
        inputs: Goes to the layer.
        **kwargs: Go to the layer too, such as `lengths`.

    Raises:
        UserError: If the layer has no such variable.

    Differs from: `keras.layers.SpectralNormalization`, which divides by the greatest singular value
        and trains no length; `keras.constraints.UnitNorm`, which projects after each step. The
        layer's variable holds `v`, not `w`: merge before reading it.

    Example:
        >>> WeightNormalization(keras.layers.Dense(4))(keras.ops.ones((2, 3))).shape
        (2, 4)

    Reference: Salimans and Kingma, 2016, section 2, https://arxiv.org/abs/1602.07868
    """

    def __init__(
        self,
        layer: keras.layers.Layer,
        weights: Sequence[str] = ("kernel",),
        **kwargs: Any,
    ) -> None:
        super().__init__(layer, **kwargs)
        if isinstance(weights, str) or not weights:
            raise UserError(f"`weights` must be a list of names. Received: weights={weights!r}")
        self.weight_names = tuple(weights)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        """Builds the layer, finds the variables and creates their lengths."""
        if not self.layer.built:
            self.layer.build(input_shape)
        self.lengths = [
            self.add_weight(
                (variable.shape[-1],),
                initializer=_length_of(variable),
                name=f"{variable.name}_length",
            )
            for variable in find_variables(self.layer, self.weight_names)
        ]

    def normalized(self) -> list[Any]:
        """The effective weights `w`, in the order in which the layer has them."""
        variables = find_variables(self.layer, self.weight_names)
        return [_scaled(v, g) for v, g in zip(variables, self.lengths, strict=True)]

    def call(self, inputs: Any, training: bool | None = None, **kwargs: Any) -> Any:
        """The layer's output."""
        variables = find_variables(self.layer, self.weight_names)
        values = {id(v): w for v, w in zip(variables, self.normalized(), strict=True)}
        return call_with(self, self.layer, values, lambda: self.layer(inputs, **kwargs))

    def compute_output_spec(self, inputs: Any, training: bool | None = None, **kwargs: Any) -> Any:
        """The layer's output spec."""
        return self.layer.compute_output_spec(inputs, **kwargs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The layer's output shape."""
        return self.layer.compute_output_shape(input_shape)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "layer": serialize_unbuilt(self.layer),
            "weights": list(self.weight_names),
        }


def _norm(value: Any) -> Any:
    axes = tuple(range(len(value.shape) - 1))
    # No 0 / 0 where a unit's weights are all 0.
    return ops.sqrt(ops.maximum(ops.sum(ops.square(value), axis=axes), 1e-30))


def _length_of(variable: keras.Variable) -> Any:
    return lambda shape, dtype=None: _norm(ops.cast(variable.value, dtype))


def _scaled(variable: keras.Variable, length: keras.Variable) -> Any:
    # Norms are taken in float32: squares of small 16-bit weights vanish.
    value, length = (ops.cast(v.value, v.dtype) for v in (variable, length))
    return value * (length / _norm(value))

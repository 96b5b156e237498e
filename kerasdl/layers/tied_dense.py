"""A dense layer that can be run backwards with the same kernel."""

from typing import Any

import keras
from keras import ops

from kerasdl.errors import UserError
from kerasdl.layers import _checks


@keras.saving.register_keras_serializable(package="kerasdl")
class TiedDense(keras.layers.Layer):
    """A dense layer whose kernel serves in both directions.

    ```
    layer(x)                = activation(x @ kernel + bias)
    layer(h, reverse=True)  = reverse_activation(h @ kernel.T + reverse_bias)
    ```

    Hard parameter sharing, as in an auto-encoder with tied weights: one kernel, whose gradient is
    the sum of both uses. As it is one layer called twice, the tie survives saving, loading and
    cloning.

    Shapes: `...` any axes, `D` features, `U` units. `(..., D)` to `(..., U)`, and with
    `reverse=True` `(..., U)` to `(..., D)`.

    Masking: passes the mask of its input on.

    Args:
        units: Number of units `U`.
        activation: Activation of the forward direction.
        reverse_activation: Activation of the reverse direction.
        use_bias: Whether each direction has its own bias.
        input_size: Features `D`; needed only where the first call has `reverse=True`.
        kernel_initializer: Of the kernel.
        bias_initializer: Of both biases.
        kernel_regularizer: Of the kernel.
        kernel_constraint: Of the kernel.

    Raises:
        ValueError: For arguments out of range, or inputs of another size than the direction takes.

    Differs from: two `Dense` layers, which have two kernels; `keras.layers.ReversibleEmbedding`,
        whose forward direction looks rows up.

    Example:
        >>> tied = TiedDense(3, activation="tanh")
        >>> code = tied(keras.ops.ones((2, 8)))
        >>> code.shape, tied(code, reverse=True).shape
        ((2, 3), (2, 8))

    Reference: Vincent et al., 2010, section 2.2, https://www.jmlr.org/papers/v11/vincent10a.html
    """

    def __init__(
        self,
        units: int,
        activation: Any = None,
        reverse_activation: Any = None,
        use_bias: bool = True,
        input_size: int | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        kernel_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        _checks.positive("units", units)
        _checks.optional_positive("input_size", input_size)
        self.supports_masking = True
        self.units = units
        self.activation = keras.activations.get(activation)
        self.reverse_activation = keras.activations.get(reverse_activation)
        self.use_bias = use_bias
        self.input_size = input_size
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)
        self.kernel_constraint = keras.constraints.get(kernel_constraint)

    def build(self, input_shape: Any) -> None:
        """Creates the kernel `(D, U)` and the biases `(U,)` and `(D,)`."""
        features = self.input_size or _checks.known("inputs", input_shape, -1, "features")
        self.kernel = self.add_weight(
            shape=(features, self.units),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
            name="kernel",
        )
        self.bias = self.reverse_bias = None
        if self.use_bias:
            self.bias = self._add_bias(self.units, "bias")
            self.reverse_bias = self._add_bias(features, "reverse_bias")

    def _add_bias(self, size: int, name: str) -> Any:
        return self.add_weight(shape=(size,), initializer=self.bias_initializer, name=name)

    def call(self, inputs: Any, reverse: bool = False) -> Any:
        """The forward direction, or the reverse one."""
        self._check(inputs.shape, reverse)
        kernel, bias = ops.convert_to_tensor(self.kernel), self.bias
        activation = self.activation
        if reverse:
            kernel, bias = ops.transpose(kernel), self.reverse_bias
            activation = self.reverse_activation
        outputs = ops.matmul(inputs, kernel)
        return activation(outputs if bias is None else outputs + bias)

    def _check(self, shape: Any, reverse: bool) -> None:
        expected, axis = (self.units, "U") if reverse else (self._features(), "D")
        if expected is not None and shape[-1] != expected:
            raise UserError(
                f"`inputs` must have shape (..., {axis}) with {axis}={expected} for {reverse=}. "
                f"Received: shape={tuple(shape)}. "
                "If the layer is first called with reverse=True, give it `input_size`."
            )

    def _features(self) -> int | None:
        return self.kernel.shape[0] if self.built else self.input_size

    def compute_output_shape(self, input_shape: Any, reverse: bool = False) -> tuple:
        """`(..., U)`, or `(..., D)` for the reverse direction."""
        return (*input_shape[:-1], self._features() if reverse else self.units)

    def compute_output_spec(self, inputs: Any, reverse: bool = False) -> Any:
        """Shape and type of what `call` returns."""
        self._check(inputs.shape, reverse)
        shape = self.compute_output_shape(inputs.shape, reverse)
        return keras.KerasTensor(shape, self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "units": self.units,
            "activation": keras.activations.serialize(self.activation),
            "reverse_activation": keras.activations.serialize(self.reverse_activation),
            "use_bias": self.use_bias,
            "input_size": self.input_size,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
            "kernel_regularizer": keras.regularizers.serialize(self.kernel_regularizer),
            "kernel_constraint": keras.constraints.serialize(self.kernel_constraint),
        }

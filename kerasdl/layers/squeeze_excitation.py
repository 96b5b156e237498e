"""Squeeze-and-excitation."""

from typing import Any

import keras
from keras import ops

from kerasdl.layers import _checks
from kerasdl.layers._dense import built_dense


@keras.saving.register_keras_serializable(package="kerasdl")
class SqueezeExcitation(keras.layers.Layer):
    """Scales each channel by a gate computed from the means of all channels.

    `s = sigmoid(f(mean_hw(x) W_1 + b_1) W_2 + b_2)`, `y[h, w, c] = x[h, w, c] * s[c]`.

    Shapes: `B` batch, `H` height, `W` width, `C` channels. Input and output `(B, H, W, C)`, or
    `(B, C, H, W)` with channels first. The hidden width is `max(1, C // ratio)`.

    Masking: ignores masks.
    Cost: `2 C^2 / ratio` parameters.

    Args:
        ratio: How much narrower the hidden layer is than `C`.
        activation: `f`.
        data_format: `"channels_last"` or `"channels_first"`; None for Keras's setting.

    Raises:
        UserError: If an argument is outside its range, or the input has not four axes.

    Differs from: nothing in Keras's layers does this.

    Example:
        >>> SqueezeExcitation(ratio=4)(keras.ops.ones((2, 5, 5, 8))).shape
        (2, 5, 5, 8)

    Reference: Hu et al., 2018, section 3, https://arxiv.org/abs/1709.01507
    """

    def __init__(
        self,
        ratio: int = 16,
        activation: Any = "relu",
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        _checks.positive("ratio", ratio)
        _checks.one_of("data_format", data_format, (None, "channels_last", "channels_first"))
        self.ratio = ratio
        self.activation = keras.activations.get(activation)
        self.data_format = data_format

    @property
    def _last(self) -> bool:
        return (self.data_format or keras.config.image_data_format()) == "channels_last"

    def build(self, input_shape: Any) -> None:
        """Creates the two products."""
        _checks.axes("inputs", input_shape, "B, H, W, C" if self._last else "B, C, H, W")
        channels = _checks.known("inputs", input_shape, -1 if self._last else 1, "channels")
        hidden = max(1, channels // self.ratio)
        self.reduce = built_dense(
            self, channels, hidden, "reduce", "he_normal", activation=self.activation
        )
        self.restore = built_dense(
            self, hidden, channels, "restore", "glorot_uniform", activation="sigmoid"
        )

    def call(self, inputs: Any) -> Any:
        """The scaled channels."""
        means = ops.mean(inputs, axis=(1, 2) if self._last else (2, 3))
        gate = self.restore(self.reduce(means))
        shape = (-1, 1, 1, gate.shape[-1]) if self._last else (-1, gate.shape[-1], 1, 1)
        return inputs * ops.reshape(gate, shape)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The input's shape."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "ratio": self.ratio,
            "activation": keras.activations.serialize(self.activation),
            "data_format": self.data_format,
        }

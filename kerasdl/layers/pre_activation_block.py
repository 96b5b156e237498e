"""The residual block of two convolutions, activations first."""

from typing import Any

import keras

from kerasdl.layers import _checks
from kerasdl.layers._residual_block import ResidualBlock


@keras.saving.register_keras_serializable(package="kerasdl")
class PreActivationBlock(ResidualBlock):
    """Two 3 x 3 convolutions, each after norm and activation, and a clean shortcut.

    `a = f(N(x))`, `y = conv3(f(N(conv3(a)))) + shortcut`, with `N` the normalization. The shortcut
    is `x` itself, or `conv1(a)` where the stride or the number of channels changes the shape.
    Nothing follows the sum: after the last block the network needs one more norm and activation.

    Shapes: `B` batch, `H` height, `W` width, `C` channels. Input `(B, H, W, C)`, output
    `(B, ceil(H / stride), ceil(W / stride), filters)`; `(B, C, H, W)` with channels first.

    Masking: ignores masks.
    Cost: `9 * filters * (C + filters)` parameters and the shortcut's.

    Args:
        filters: Channels of the output.
        stride: Step of the first convolution, and of the shortcut.
        dropout: Share of the second convolution's inputs set to 0 in training.
        activation: `f`.
        normalization: `"batch"`, `"group"` (at most 32 groups), `"layer"` (over channels) or None;
            without one the convolutions have biases.
        squeeze: `ratio` of a `SqueezeExcitation` at the branch's end; None for none.
        stochastic_depth: Share of the examples whose branch is left out, in training.
        momentum: Of batch normalization's moving averages.
        epsilon: Of the normalization.
        data_format: `"channels_last"` or `"channels_first"`; None for Keras's setting.
        seed: Of the stochastic depth and the dropout.
        projection: Whether a shortcut that changes the shape is a convolution; False: every
            `stride`-th value, and channels of 0 after those of the input, without parameters.
        zero_last_scale: Whether the branch starts at 0: the last convolution's kernel, since no
            norm follows it.

    Raises:
        UserError: If an argument is outside its range, or the input has not four axes.

    Differs from: `BasicBlock` by the order.

    Example:
        >>> PreActivationBlock(8, stride=2)(keras.ops.ones((2, 6, 6, 4))).shape
        (2, 3, 3, 8)

    Reference: He et al., 2016, figure 4(e), https://arxiv.org/abs/1603.05027; with dropout
        Zagoruyko and Komodakis, 2016, figure 1(d), https://arxiv.org/abs/1605.07146
    """

    _preactivation = True

    def __init__(self, filters: int, stride: int = 1, dropout: float = 0.0, **kwargs: Any) -> None:
        super().__init__(filters, stride, **kwargs)
        _checks.rate("dropout", dropout)
        self.dropout = dropout

    def _branch_layers(self, channels: int) -> list[keras.layers.Layer]:
        return [
            *self._convolution(self.filters, 3, "convolution_1", self.stride),
            *self._norm(self.filters, "norm_1"),
            *self._activate(),
            *self._dropped(),
            *self._convolution(self.filters, 3, "convolution_2"),
        ]

    def _dropped(self) -> list[keras.layers.Layer]:
        if not self.dropout:
            return []
        seed = None if self.seed is None else self.seed + 1
        return [keras.layers.Dropout(self.dropout, seed=seed, dtype=self.dtype_policy)]

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "dropout": self.dropout}

"""The residual block with a bottleneck, activations first."""

from typing import Any

import keras

from kerasdl.layers import _checks
from kerasdl.layers._convolution import check_groups
from kerasdl.layers._residual_block import ResidualBlock


@keras.saving.register_keras_serializable(package="kerasdl")
class PreActivationBottleneckBlock(ResidualBlock):
    """1 x 1, 3 x 3 and 1 x 1 convolutions, each after norm and activation.

    `a = f(N(x))`, `y = conv1(f(N(conv3(f(N(conv1(a))))))) + shortcut`, with `N` the normalization;
    the first two convolutions have `width` channels. The shortcut is `x` itself, or `conv1(a)`
    where the stride or the number of channels changes the shape. Nothing follows the sum: after
    the last block the network needs one more norm and activation.

    Shapes: `B` batch, `H` height, `W` width, `C` channels. Input `(B, H, W, C)`, output
    `(B, ceil(H / stride), ceil(W / stride), filters)`; `(B, C, H, W)` with channels first.

    Masking: ignores masks.
    Cost: `width * (C + 9 * width / groups + filters)` parameters and the shortcut's.

    Args:
        filters: Channels of the output.
        width: Channels of the 3 x 3 convolution; None for `filters // 4`.
        groups: Groups of the 3 x 3 convolution; above 1 this is an aggregated block.
        stride: Step of the 3 x 3 convolution, and of the shortcut.
        activation: `f`.
        normalization: `"batch"`, `"group"` (at most 32 groups), `"layer"` (over channels) or None;
            without one the convolutions have biases.
        squeeze: `ratio` of a `SqueezeExcitation` at the branch's end; None for none.
        stochastic_depth: Share of the examples whose branch is left out, in training.
        momentum: Of batch normalization's moving averages.
        epsilon: Of the normalization.
        data_format: `"channels_last"` or `"channels_first"`; None for Keras's setting.
        seed: Of the stochastic depth.
        projection: Whether a shortcut that changes the shape is a convolution; False: every
            `stride`-th value, and channels of 0 after those of the input, without parameters.
        zero_last_scale: Whether the branch starts at 0: the last convolution's kernel, since no
            norm follows it.

    Raises:
        UserError: If an argument is outside its range, or the input has not four axes.

    Differs from: `BottleneckBlock` by the order.

    Example:
        >>> PreActivationBottleneckBlock(8, stride=2)(keras.ops.ones((2, 6, 6, 4))).shape
        (2, 3, 3, 8)

    Reference: He et al., 2016, figure 4(e), https://arxiv.org/abs/1603.05027
    """

    _preactivation = True

    def __init__(
        self,
        filters: int,
        width: int | None = None,
        groups: int = 1,
        stride: int = 1,
        **kwargs: Any,
    ) -> None:
        super().__init__(filters, stride, **kwargs)
        _checks.optional_positive("width", width)
        _checks.positive("groups", groups)
        self.width = width
        self.groups = groups
        check_groups(groups, self._width)

    @property
    def _width(self) -> int:
        return self.width or max(1, self.filters // 4)

    def _branch_layers(self, channels: int) -> list[keras.layers.Layer]:
        return [
            *self._convolution(self._width, 1, "convolution_1"),
            *self._norm(self._width, "norm_1"),
            *self._activate(),
            *self._convolution(self._width, 3, "convolution_2", self.stride, self.groups),
            *self._norm(self._width, "norm_2"),
            *self._activate(),
            *self._convolution(self.filters, 1, "convolution_3"),
        ]

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "width": self.width, "groups": self.groups}

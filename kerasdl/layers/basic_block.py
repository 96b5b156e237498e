"""The residual block of two convolutions."""

import keras

from kerasdl.layers._residual_block import ResidualBlock


@keras.saving.register_keras_serializable(package="kerasdl")
class BasicBlock(ResidualBlock):
    """Two 3 x 3 convolutions and a shortcut: ResNet-18 and -34's block.

    `y = f(N(conv3(f(N(conv3(x))))) + shortcut(x))` with `N` the normalization. The shortcut is `x`
    itself, or `N(conv1(x))` where the stride or the number of channels changes the shape.

    Shapes: `B` batch, `H` height, `W` width, `C` channels. Input `(B, H, W, C)`, output
    `(B, ceil(H / stride), ceil(W / stride), filters)`; `(B, C, H, W)` with channels first.

    Masking: ignores masks.
    Cost: `9 * filters * (C + filters)` parameters and the shortcut's.

    Args:
        filters: Channels of the output.
        stride: Step of the first convolution, and of the shortcut.
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
        zero_last_scale: Whether the branch starts at 0: the last norm's scale, or the last
            convolution's kernel where there is no norm.

    Raises:
        UserError: If an argument is outside its range, or the input has not four axes.

    Differs from: nothing in Keras's layers; numbers are those of torchvision's `BasicBlock`.

    Example:
        >>> BasicBlock(8, stride=2)(keras.ops.ones((2, 6, 6, 4))).shape
        (2, 3, 3, 8)

    Reference: He et al., 2016, section 3, https://arxiv.org/abs/1512.03385
    """

    def _branch_layers(self, channels: int) -> list[keras.layers.Layer]:
        return [
            *self._convolution(self.filters, 3, "convolution_1", self.stride),
            *self._norm(self.filters, "norm_1"),
            *self._activate(),
            *self._convolution(self.filters, 3, "convolution_2"),
            *self._norm(self.filters, "norm_2"),
        ]

"""The residual block of aggregated transformations."""

from typing import Any

import keras

from kerasdl.layers import _checks
from kerasdl.layers.bottleneck_block import BottleneckBlock


@keras.saving.register_keras_serializable(package="kerasdl")
class ResNeXtBlock(BottleneckBlock):
    """A bottleneck whose 3 x 3 convolution is split into many narrow paths.

    `BottleneckBlock` with `width = filters // 2` and `groups = cardinality`: equal to the sum of
    `cardinality` paths `conv1(f(N(conv3(f(N(conv1(x)))))))`, each `width / cardinality` channels
    wide.

    Shapes: `B` batch, `H` height, `W` width, `C` channels. Input `(B, H, W, C)`, output
    `(B, ceil(H / stride), ceil(W / stride), filters)`; `(B, C, H, W)` with channels first.

    Masking: ignores masks.
    Cost: `width * (C + 9 * width / cardinality + filters)` parameters and the shortcut's.

    Args:
        filters: Channels of the output.
        cardinality: Number of paths; must divide the width.
        width: Channels of all paths together; None for `filters // 2`.
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
        zero_last_scale: Whether the branch starts at 0: the last norm's scale, or the last
            convolution's kernel where there is no norm.

    Raises:
        UserError: If an argument is outside its range, or the input has not four axes.

    Differs from: `BottleneckBlock` by the defaults; `filters=256` gives the paper's 32 x 4d.

    Example:
        >>> ResNeXtBlock(8, cardinality=2, stride=2)(keras.ops.ones((2, 6, 6, 4))).shape
        (2, 3, 3, 8)

    Reference: Xie et al., 2017, figure 3(c), https://arxiv.org/abs/1611.05431
    """

    def __init__(
        self,
        filters: int,
        cardinality: int = 32,
        width: int | None = None,
        stride: int = 1,
        **kwargs: Any,
    ) -> None:
        _checks.positive("filters", filters)
        _checks.positive("cardinality", cardinality)
        super().__init__(filters, width or max(1, filters // 2), cardinality, stride, **kwargs)
        self.cardinality = cardinality
        self.width = width

    @property
    def _width(self) -> int:
        return self.width or max(1, self.filters // 2)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        config = super().get_config()
        del config["groups"]
        return {**config, "cardinality": self.cardinality, "width": self.width}

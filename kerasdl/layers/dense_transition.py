"""The layer between two densely connected blocks."""

from typing import Any

import keras

from kerasdl.layers import _checks
from kerasdl.layers._convolution import ConvolutionBlock, build_chain, run_chain


@keras.saving.register_keras_serializable(package="kerasdl")
class DenseTransition(ConvolutionBlock):
    """Fewer channels and a smaller grid between two `DenseBlock`s.

    `y = mean_pool_2x2(conv1(f(N(x))))`; the convolution keeps the share `compression` of the
    channels.

    Shapes: `B` batch, `H` height, `W` width, `C` channels. Input `(B, H, W, C)`, output
    `(B, H // 2, W // 2, max(1, int(compression * C)))`; `(B, C, H, W)` with channels first. `H` and
    `W` must be at least 2.

    Masking: ignores masks.
    Cost: `compression * C^2` parameters.

    Args:
        compression: Share of the channels kept, in (0, 1].
        activation: `f`.
        normalization: `"batch"`, `"group"` (at most 32 groups), `"layer"` (over channels) or None;
            without one the convolution has a bias.
        momentum: Of batch normalization's moving averages.
        epsilon: Of the normalization.
        data_format: `"channels_last"` or `"channels_first"`; None for Keras's setting.

    Raises:
        UserError: If an argument is outside its range, or the input has not four axes.

    Differs from: nothing in Keras's layers; numbers are those of torchvision's `_Transition`.

    Example:
        >>> DenseTransition()(keras.ops.ones((2, 6, 6, 4))).shape
        (2, 3, 3, 2)

    Reference: Huang et al., 2017, section 3, https://arxiv.org/abs/1608.06993
    """

    def __init__(
        self,
        compression: float = 0.5,
        activation: Any = "relu",
        normalization: str | None = "batch",
        momentum: float = 0.9,
        epsilon: float = 1e-5,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(activation, normalization, momentum, epsilon, data_format, **kwargs)
        _checks.share("compression", compression)
        self.compression = compression

    def build(self, input_shape: Any) -> None:
        """Creates norm and convolution."""
        channels = self._channels(input_shape)
        pool = keras.layers.AveragePooling2D(2, data_format=self._format, dtype=self.dtype_policy)
        self.layers_in_order = [
            *self._norm(channels, "norm"),
            *self._activate(),
            *self._convolution(self._kept(channels), 1, "convolution"),
            pool,
        ]
        build_chain(self.layers_in_order, input_shape)

    def _kept(self, channels: int) -> int:
        return max(1, int(self.compression * channels))

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """The smaller grid."""
        return run_chain(self.layers_in_order, inputs)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Half the grid, a share of the channels."""
        channels = self._kept(input_shape[self._axis])
        grid = input_shape[1:3] if self._axis == -1 else input_shape[2:4]
        grid = [None if size is None else size // 2 for size in grid]
        if self._axis == -1:
            return (input_shape[0], *grid, channels)
        return (input_shape[0], channels, *grid)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "compression": self.compression}

"""What the residual blocks of convolutions share."""

from typing import Any

import keras
from keras import ops

from kerasdl.errors import UserError
from kerasdl.layers import _checks
from kerasdl.layers._convolution import ConvolutionBlock, build_chain, run_chain
from kerasdl.layers.squeeze_excitation import SqueezeExcitation
from kerasdl.layers.stochastic_depth import StochasticDepth


class ResidualBlock(ConvolutionBlock):
    """A branch of convolutions and a shortcut around it.

    A subclass says what the branch is (`_branch_layers`). With `_preactivation` the first norm and
    activation stand before both branch and projection, and nothing follows the sum.
    """

    _preactivation = False

    def __init__(
        self,
        filters: int,
        stride: int = 1,
        activation: Any = "relu",
        normalization: str | None = "batch",
        squeeze: int | None = None,
        stochastic_depth: float = 0.0,
        momentum: float = 0.9,
        epsilon: float = 1e-5,
        data_format: str | None = None,
        seed: int | None = None,
        projection: bool = True,
        zero_last_scale: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(activation, normalization, momentum, epsilon, data_format, **kwargs)
        _checks.positive("filters", filters)
        _checks.positive("stride", stride)
        _checks.optional_positive("squeeze", squeeze)
        _checks.rate("stochastic_depth", stochastic_depth)
        self.filters = filters
        self.stride = stride
        self.squeeze = squeeze
        self.stochastic_depth = stochastic_depth
        self.seed = seed
        self.projection = projection
        self.zero_last_scale = zero_last_scale

    def build(self, input_shape: Any) -> None:
        """Creates the branch, and a projection where the shortcut changes the shape."""
        channels = self._channels(input_shape)
        self.first = []
        if self._preactivation:
            self.first = [*self._norm(channels, "norm_0"), *self._activate()]
        build_chain(self.first, input_shape)
        self.branch = self._branch_layers(channels)
        if self.zero_last_scale:
            _start_at_zero(self.branch[-1])
        if self.squeeze is not None:
            self.branch.append(self._squeeze_excitation())
        if self.stochastic_depth:
            self.branch.append(
                StochasticDepth(self.stochastic_depth, seed=self.seed, dtype=self.dtype_policy)
            )
        output_shape = build_chain(self.branch, input_shape)
        self._reshapes = channels != self.filters or self.stride > 1
        self.shortcut = self._projection(channels) if self._reshapes else []
        build_chain(self.shortcut, input_shape)
        self.last = [] if self._preactivation else self._activate()
        build_chain(self.last, output_shape)

    def _projection(self, channels: int) -> list[keras.layers.Layer]:
        if not self.projection:
            if channels > self.filters:
                raise UserError(
                    "`filters` must be at least the input's channels where `projection` is False. "
                    f"Received: filters={self.filters}, channels={channels}"
                )
            return []
        layers = self._convolution(self.filters, 1, "shortcut", self.stride)
        if not self._preactivation:
            layers += self._norm(self.filters, "shortcut_norm")
        return layers

    def _squeeze_excitation(self) -> keras.layers.Layer:
        return SqueezeExcitation(
            self.squeeze, data_format=self.data_format, dtype=self.dtype_policy, name="squeeze"
        )

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """The branch plus the shortcut."""
        rows = run_chain(self.first, inputs)
        # A shortcut that changes the shape sees what the branch sees; an identity is the input.
        shortcut = self._reshaped(rows) if self._reshapes else inputs
        return run_chain(self.last, run_chain(self.branch, rows) + shortcut)

    def _reshaped(self, inputs: Any) -> Any:
        if self.projection:
            return run_chain(self.shortcut, inputs)
        step = slice(None, None, self.stride)
        grid = (step, step, slice(None)) if self._axis == -1 else (slice(None), step, step)
        widths = [(0, 0)] * 4
        widths[self._axis] = (0, self.filters - inputs.shape[self._axis])
        return ops.pad(inputs[(slice(None), *grid)], widths)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """The strided grid with `filters` channels."""
        grid = input_shape[1:3] if self._axis == -1 else input_shape[2:4]
        grid = [None if size is None else -(-size // self.stride) for size in grid]
        if self._axis == -1:
            return (input_shape[0], *grid, self.filters)
        return (input_shape[0], self.filters, *grid)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "filters": self.filters,
            "stride": self.stride,
            "squeeze": self.squeeze,
            "stochastic_depth": self.stochastic_depth,
            "seed": self.seed,
            "projection": self.projection,
            "zero_last_scale": self.zero_last_scale,
        }


def _start_at_zero(layer: keras.layers.Layer) -> None:
    what = "gamma" if hasattr(layer, "gamma_initializer") else "kernel"
    setattr(layer, f"{what}_initializer", keras.initializers.Zeros())

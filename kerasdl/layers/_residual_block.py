"""What the residual blocks of convolutions share."""

from typing import Any

import keras

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

    def build(self, input_shape: Any) -> None:
        """Creates the branch, and a projection where the shortcut changes the shape."""
        channels = self._channels(input_shape)
        self.first = []
        if self._preactivation:
            self.first = [*self._norm(channels, "norm_0"), *self._activate()]
        build_chain(self.first, input_shape)
        self.branch = self._branch_layers(channels)
        if self.squeeze is not None:
            self.branch.append(self._squeeze_excitation())
        if self.stochastic_depth:
            self.branch.append(
                StochasticDepth(self.stochastic_depth, seed=self.seed, dtype=self.dtype_policy)
            )
        output_shape = build_chain(self.branch, input_shape)
        self.shortcut = []
        if channels != self.filters or self.stride > 1:
            self.shortcut = self._convolution(self.filters, 1, "shortcut", self.stride)
            if not self._preactivation:
                self.shortcut += self._norm(self.filters, "shortcut_norm")
        build_chain(self.shortcut, input_shape)
        self.last = [] if self._preactivation else self._activate()
        build_chain(self.last, output_shape)

    def _squeeze_excitation(self) -> keras.layers.Layer:
        return SqueezeExcitation(
            self.squeeze, data_format=self.data_format, dtype=self.dtype_policy, name="squeeze"
        )

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """The branch plus the shortcut."""
        rows = run_chain(self.first, inputs)
        # A projection sees what the branch sees; an identity stays the input itself.
        shortcut = run_chain(self.shortcut, rows) if self.shortcut else inputs
        return run_chain(self.last, run_chain(self.branch, rows) + shortcut)

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
        }

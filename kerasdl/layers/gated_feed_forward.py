"""The transformer's position-wise network with a gate."""

from typing import Any

import keras
from keras import ops

from kerasdl.layers.feed_forward import FeedForward


@keras.saving.register_keras_serializable(package="kerasdl")
class GatedFeedForward(FeedForward):
    """A position-wise network whose hidden values are gated: SwiGLU, GeGLU.

    `y = (f(x W_g + b_g) * (x W_u + b_u)) W_2 + b_2`: with `f = silu` SwiGLU, with `gelu` GeGLU,
    with `relu` ReGLU, with `sigmoid` GLU. `W_g` and `W_u` are one matrix, `[W_g, W_u]`.

    Shapes: `D` features. Input `(..., D)`, output `(..., output_size)`.

    Masking: passes the mask on; padded steps are computed like the others.
    Cost: `2 * hidden_size * (2 D + output_size)` a position: with two thirds of the width, that of
    `FeedForward`.

    Args:
        hidden_size: Width of the gated values.
        activation: `f`, of the gate.
        output_size: Features of the output; None for `D`.
        dropout: Share of the gated values set to 0 in training.
        use_bias: Whether to add the biases.
        kernel_initializer: Of both matrices; `[W_g, W_u]` is drawn as one.
        seed: Of the dropout.

    Raises:
        UserError: If an argument is outside its range.

    Differs from: `FeedForward` by the gate.

    Example:
        >>> GatedFeedForward(21)(keras.ops.ones((2, 5, 8))).shape
        (2, 5, 8)

    Reference: Shazeer, 2020, https://arxiv.org/abs/2002.05202
    """

    def __init__(
        self,
        hidden_size: int,
        activation: Any = "silu",
        output_size: int | None = None,
        dropout: float = 0.0,
        use_bias: bool = False,
        kernel_initializer: Any = "glorot_uniform",
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            hidden_size,
            activation,
            output_size,
            dropout,
            use_bias,
            kernel_initializer,
            seed,
            **kwargs,
        )

    def _expanded_size(self) -> int:
        return 2 * self.hidden_size

    def _activate(self, rows: Any) -> Any:
        gate, up = ops.split(rows, 2, axis=-1)
        return self.activation(gate) * up

"""The transformer's encoder block."""

from typing import Any

import keras

from kerasdl.layers import _checks
from kerasdl.layers._transformer_block import TransformerBlock


@keras.saving.register_keras_serializable(package="kerasdl")
class TransformerEncoderBlock(TransformerBlock):
    """Self-attention in both directions, then a position-wise network, each a residual branch.

    Pre-norm: `h = x + A(norm(x))`, `y = h + F(norm(h))`. Post-norm (`norm_first=False`):
    `h = norm(x + A(x))`, `y = norm(h + F(h))`. A branch ends with dropout, then `LayerScale`, then
    `StochasticDepth`, as far as they are asked for.

    Shapes: `B` batch, `T` time steps, `D` features, `N` heads. Input and output `(B, T, D)`;
    `lengths` `(B,)`; weights `(B, N, T, T)`.

    Masking: reads `lengths`, or else `mask` or the input's implicit mask, and passes the mask on.
    Outputs at padded steps are finite and mean nothing.
    Cost: that of `MultiHeadAttention` and of `FeedForward`.

    Args:
        num_heads: Heads of the attention.
        hidden_size: Width of the position-wise network.
        norm_first: Whether the norm is in the branch (pre) or after the sum (post).
        norm: `"layer"` or `"rms"`.
        epsilon: Of the norm.
        activation: Of the position-wise network.
        gated: Whether that network is `GatedFeedForward`: with `activation="silu"` SwiGLU, with
            `"gelu"` GeGLU.
        head_size: As in `MultiHeadAttention`.
        kv_heads: As in `MultiHeadAttention`.
        window: As in `MultiHeadAttention`.
        positions: As in `MultiHeadAttention`.
        rotary_base: As in `MultiHeadAttention`.
        dropout: At the end of each branch and inside the position-wise network.
        attention_dropout: Of the attention's weights; above 0 it costs the fused kernel.
        stochastic_depth: Share of the examples for which a branch is left out, in training.
        layer_scale: First value of a learned factor at the end of each branch; None for none.
        use_bias: Whether the products have biases.
        kernel_initializer: Of the matrices.
        seed: Of all draws.

    Call arguments:
        inputs, lengths: As above.
        mask: `(B, T)` booleans, False at padding.
        return_weights: Whether to return `(output, weights)`.

    Raises:
        UserError: If an argument is outside its range, or a shape does not fit.

    Differs from: `torch.nn.TransformerEncoderLayer`, which drops attention weights with `dropout`
        too; otherwise equal with `activation="relu"` (and `norm_first=False`, its default).

    Example:
        >>> TransformerEncoderBlock(num_heads=2, hidden_size=32)(keras.ops.ones((2, 5, 8))).shape
        (2, 5, 8)

    Reference: Vaswani et al., 2017, https://arxiv.org/abs/1706.03762; Xiong et al., 2020,
        https://arxiv.org/abs/2002.04745
    """

    def build(self, input_shape: Any) -> None:
        """Creates both branches."""
        _checks.axes("inputs", input_shape, "B, T, D")
        self.attention.build(input_shape)
        self.feed_forward.build(input_shape)
        for name in ("attention", "feed_forward"):
            self._add_branch(name, input_shape)

    def call(
        self,
        inputs: Any,
        lengths: Any = None,
        mask: Any = None,
        return_weights: bool = False,
        training: bool | None = None,
    ) -> Any:
        """The block's output, and with `return_weights` the weights too."""
        seen = []

        def attend(rows: Any) -> Any:
            output = self.attention(
                rows,
                lengths=lengths,
                mask=mask,
                return_weights=return_weights,
                training=training,
            )
            if return_weights:
                output, weights = output
                seen.append(weights)
            return output

        outputs = self._network(self._branch("attention", inputs, attend, training), training)
        return (outputs, *seen) if return_weights else outputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The input's shape."""
        return input_shape

    def compute_output_spec(
        self,
        inputs: Any,
        lengths: Any = None,
        mask: Any = None,
        return_weights: bool = False,
        training: bool | None = None,
    ) -> Any:
        """Shape and dtype of the output, and with `return_weights` of the weights."""
        return self.attention.compute_output_spec(inputs, return_weights=return_weights)

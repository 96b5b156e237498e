"""The transformer's decoder block."""

from typing import Any

import keras

from kerasdl.errors import UserError
from kerasdl.layers import _checks
from kerasdl.layers._transformer_block import TransformerBlock
from kerasdl.layers.multi_head_cross_attention import MultiHeadCrossAttention


@keras.saving.register_keras_serializable(package="kerasdl")
class TransformerDecoderBlock(TransformerBlock):
    """Causal self-attention, cross-attention if asked for, then a position-wise network.

    Pre-norm: `h = x + A(norm(x))`, `g = h + C(norm(h), memory)`, `y = g + F(norm(g))`. Post-norm
    (`norm_first=False`): `h = norm(x + A(x))` and so on. Without cross-attention `g = h`: the block
    of a language model. A branch ends with dropout, then `LayerScale`, then `StochasticDepth`, as
    far as they are asked for.

    Shapes: `B` batch, `T` target and `S` source steps, `D` and `M` features, `N` heads. Input and
    output `(B, T, D)`; memory `(B, S, M)`; `memory_lengths` `(B,)`; weights `(B, N, T, T)` and
    `(B, N, T, S)`.

    Masking: right-padded targets need no lengths, since a real step sees no later one. The input's
    implicit mask is read and passed on (it costs the fused kernel). Of the memory,
    `memory_lengths` or else its implicit mask is read.
    Cost: that of `MultiHeadAttention`, `MultiHeadCrossAttention` and `FeedForward`.

    Args:
        num_heads: Heads of each attention.
        hidden_size: Width of the position-wise network.
        cross_attention: Whether the block looks at a memory.
        norm_first: Whether the norm is in the branch (pre) or after the sum (post).
        norm: `"layer"` or `"rms"`.
        epsilon: Of the norm.
        activation: Of the position-wise network.
        gated: Whether that network is `GatedFeedForward`: with `activation="silu"` SwiGLU, with
            `"gelu"` GeGLU.
        head_size: As in `MultiHeadAttention`.
        kv_heads: As in `MultiHeadAttention`.
        window: As in `MultiHeadAttention`; of the self-attention.
        positions: As in `MultiHeadAttention`; of the self-attention.
        rotary_base: As in `MultiHeadAttention`.
        dropout: At the end of each branch and inside the position-wise network.
        attention_dropout: Of the attention's weights; above 0 it costs the fused kernel.
        stochastic_depth: Share of the examples for which a branch is left out, in training.
        layer_scale: First value of a learned factor at the end of each branch; None for none.
        use_bias: Whether the products have biases.
        kernel_initializer: Of the matrices.
        seed: Of all draws.

    Call arguments:
        inputs, memory, memory_lengths: As above.
        return_weights: Whether to return `(output, weights)`, with
            `weights = {"self": ..., "cross": ...}`.

    Raises:
        UserError: If an argument is outside its range, a shape does not fit, or a memory is given
            where there is no cross-attention or missing where there is.

    Differs from: `torch.nn.TransformerDecoderLayer`, which drops attention weights with `dropout`
        too, and is causal only by a mask.

    Example:
        >>> block = TransformerDecoderBlock(num_heads=2, hidden_size=32)
        >>> block(keras.ops.ones((2, 5, 8))).shape
        (2, 5, 8)
        >>> cache = block.initial_cache(batch_size=2, length=8)
        >>> step, cache = block.step(keras.ops.ones((2, 1, 8)), cache, position=0)
        >>> step.shape
        (2, 1, 8)

    Reference: Vaswani et al., 2017, https://arxiv.org/abs/1706.03762; Xiong et al., 2020,
        https://arxiv.org/abs/2002.04745
    """

    causal = True

    def __init__(
        self, num_heads: int, hidden_size: int, cross_attention: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(num_heads, hidden_size, **kwargs)
        self.cross_attention = cross_attention
        if cross_attention:
            self.cross = MultiHeadCrossAttention(num_heads, **self._headed("cross_attention"))

    def build(self, inputs_shape: Any, memory_shape: Any = None) -> None:
        """Creates the branches."""
        _checks.axes("inputs", inputs_shape, "B, T, D")
        self._check_memory(memory_shape)
        self.attention.build(inputs_shape)
        self.feed_forward.build(inputs_shape)
        if self.cross_attention:
            self.cross.build(inputs_shape, memory_shape)
        for name in ("attention", *(["cross"] if self.cross_attention else []), "feed_forward"):
            self._add_branch(name, inputs_shape)

    def _check_memory(self, memory: Any) -> None:
        if self.cross_attention and memory is None:
            raise UserError("`memory` must be given: the block was made with cross_attention=True")
        if memory is not None and not self.cross_attention:
            raise UserError("`memory` was given to a block made with cross_attention=False")

    def call(
        self,
        inputs: Any,
        memory: Any = None,
        memory_lengths: Any = None,
        memory_mask: Any = None,
        return_weights: bool = False,
        training: bool | None = None,
    ) -> Any:
        """The block's output, and with `return_weights` the weights too."""
        self._check_memory(memory)
        how = {"return_weights": return_weights, "training": training}
        weights = {}

        def keep(name: str, output: Any) -> Any:
            if return_weights:
                output, weights[name] = output
            return output

        rows = self._branch(
            "attention", inputs, lambda x: keep("self", self.attention(x, **how)), training
        )
        if self.cross_attention:
            hide = {"lengths": memory_lengths, "memory_mask": memory_mask}
            rows = self._branch(
                "cross",
                rows,
                lambda x: keep("cross", self.cross(x, memory, **hide, **how)),
                training,
            )
        outputs = self._network(rows, training)
        return (outputs, weights) if return_weights else outputs

    def initial_cache(
        self, batch_size: int, length: int, memory: Any = None, memory_lengths: Any = None
    ) -> dict[str, Any]:
        """An empty cache for `length` steps, with the memory's keys and values if there is one."""
        self._check_memory(memory)
        cache = {"self": self.attention.initial_cache(batch_size, length)}
        if self.cross_attention:
            cache["cross"] = self.cross.prepare(memory, memory_lengths)
        return cache

    def step(
        self, inputs: Any, cache: dict[str, Any], position: Any, return_weights: bool = False
    ) -> tuple[Any, ...]:
        """The block on a few new steps, equal to the same rows of `call` on the whole sequence.

        Args:
            inputs: `(B, T, D)`, the new steps: the prompt first, then one by one.
            cache: What `initial_cache` or the last `step` returned; left unchanged.
            position: As in `MultiHeadAttention.step`.
            return_weights: Whether to return the weights of the cross-attention `(B, N, T, S)` too.

        Returns:
            `(output, cache)`, or `(output, cache, weights)`. Every array in the cache has the batch
            as first axis.
        """
        cache = dict(cache)

        def attend(rows: Any) -> Any:
            output, cache["self"] = self.attention.step(rows, cache["self"], position)
            return output

        weights = None

        def look(rows: Any) -> Any:
            nonlocal weights
            found = self.cross.step(rows, cache["cross"], return_weights)
            output, weights = found if return_weights else (found, None)
            return output

        rows = self._branch("attention", keras.ops.cast(inputs, self.compute_dtype), attend)
        if self.cross_attention:
            rows = self._branch("cross", rows, look)
        outputs = self._network(rows)
        return (outputs, cache, weights) if return_weights else (outputs, cache)

    def compute_output_shape(self, inputs_shape: Any, memory_shape: Any = None) -> Any:
        """The input's shape."""
        return inputs_shape

    def compute_output_spec(
        self,
        inputs: Any,
        memory: Any = None,
        memory_lengths: Any = None,
        memory_mask: Any = None,
        return_weights: bool = False,
        training: bool | None = None,
    ) -> Any:
        """Shape and dtype of the output, and with `return_weights` of the weights."""
        self._check_memory(memory)
        spec = self.attention.compute_output_spec(inputs, return_weights=return_weights)
        if not return_weights:
            return spec
        output, weights = spec
        weights = {"self": weights}
        if self.cross_attention:
            cross = self.cross.compute_output_spec(inputs, memory, return_weights=True)
            weights["cross"] = cross[1]
        return output, weights

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "cross_attention": self.cross_attention}

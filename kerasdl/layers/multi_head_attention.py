"""Self-attention with several heads."""

from typing import Any

import keras
from keras import ops

from kerasdl.backend.attention import visible_keys
from kerasdl.errors import UserError
from kerasdl.layers import _checks, _positions
from kerasdl.layers._headed_attention import HeadedAttention
from kerasdl.layers._tensors import flat, padding_mask, wide
from kerasdl.layers.alibi import alibi_bias
from kerasdl.layers.rotary_positions import check_head_size, rotate


@keras.saving.register_keras_serializable(package="kerasdl")
class MultiHeadAttention(HeadedAttention):
    """Self-attention with several heads, one product for queries, keys and values, and a cache.

    `q, k, v = split(x W + b)`, for each head `n`, with the key head `n // (N / K)`:
    `weights[n, t] = softmax_s(q[n, t] . k[n, s] / sqrt(H) + bias[n, t, s])` over the keys that `t`
    sees, and `y[t] = concat_n(sum_s weights[n, t, s] v[n, s]) W_o + b_o`.
    Query `t` sees key `s` if `s <= t` (causal), `|t - s| < window`, and `s < length`.
    With `qk_norm` each head's `q` becomes `g_q q / sqrt(mean(q**2) + 1e-6)` before any rotation,
    and `k` likewise with `g_k`.

    Shapes: `B` batch, `T` time steps, `D` features, `N` heads, `K` key heads, `H` head size. Input
    `(B, T, D)`, output `(B, T, output_size)`; weights `(B, N, T, T)`, in float32 at least;
    `lengths` `(B,)`.

    Masking: reads `lengths`, or else its input's implicit mask, and passes the mask on. Lengths
    keep a fused kernel where JAX has one, a mask does not. Outputs at padded steps are finite
    and mean nothing; an example without a real step gives `b_o`.
    Cost: `2 T (N + 2 K) H D` for the first product, `4 T^2 N H` for the scores and means; memory
    `B N T^2` unless the kernel is fused. Dropout, ALiBi and weights on request need the scores.

    Args:
        num_heads: Query heads, `N`.
        head_size: `H`; None for `D / N`.
        kv_heads: Key and value heads, `K`, a divisor of `N`: each serves `N / K` query heads
            (grouped-query attention; 1 is multi-query). None for `N`.
        output_size: Features of the output; None for `D`.
        causal: Whether a query sees only keys at and before its own step.
        window: Only keys less than this many steps away are seen; None for all.
        positions: None, `"rotary"` (`RotaryPositions` of queries and keys) or `"alibi"`
            (`alibi_bias` added to the scores).
        rotary_base: `base` of the rotation.
        dropout: Share of the weights set to 0 in training.
        use_bias: Whether the two products add `b` and `b_o`.
        kernel_initializer: Of `W`, drawn as one matrix, and of `W_o`.
        bias_initializer: Of `b` and `b_o`.
        seed: Of the dropout.
        qk_norm: Whether queries and keys are normalized, so that scores cannot grow without bound;
            `g_q` and `g_k` `(H,)` are learned, the same for all heads.

    Call arguments:
        inputs, lengths: As above.
        mask: `(B, T)` booleans, False at padding.
        return_weights: Whether to return `(output, weights)`.

    Raises:
        UserError: If an argument is outside its range, `num_heads` does not divide `D`, or a
            shape does not fit.

    Differs from: `keras.layers.MultiHeadAttention` and `GroupQueryAttention`, which make three
        products, have no cache, and know no rotary or ALiBi positions. The Glorot limit of the
        one matrix is that of PyTorch's `in_proj_weight`, smaller than three separate ones have.

    Example:
        >>> layer = MultiHeadAttention(num_heads=4, kv_heads=2, causal=True, positions="rotary")
        >>> layer(keras.ops.ones((2, 5, 16))).shape
        (2, 5, 16)
        >>> cache = layer.initial_cache(batch_size=2, length=8)
        >>> step, cache = layer.step(keras.ops.ones((2, 1, 16)), cache, position=0)
        >>> step.shape
        (2, 1, 16)

    Reference: Vaswani et al., 2017, section 3.2, https://arxiv.org/abs/1706.03762; Ainslie et al.,
        2023, https://arxiv.org/abs/2305.13245; Beltagy et al., 2020,
        https://arxiv.org/abs/2004.05150; Henry et al., 2020, https://arxiv.org/abs/2010.04245
    """

    def __init__(
        self,
        num_heads: int,
        head_size: int | None = None,
        kv_heads: int | None = None,
        output_size: int | None = None,
        causal: bool = False,
        window: int | None = None,
        positions: str | None = None,
        rotary_base: float = 10000.0,
        dropout: float = 0.0,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        seed: int | None = None,
        qk_norm: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            num_heads,
            head_size,
            kv_heads,
            output_size,
            dropout,
            use_bias,
            kernel_initializer,
            bias_initializer,
            seed,
            **kwargs,
        )
        _checks.optional_positive("window", window)
        _checks.one_of("positions", positions, (None, "rotary", "alibi"))
        _checks.above_zero("rotary_base", rotary_base)
        self.causal = causal
        self.window = window
        self.positions = positions
        self.rotary_base = rotary_base
        self.qk_norm = qk_norm

    def build(self, input_shape: Any) -> None:
        """Creates the two products and the norms."""
        _checks.axes("inputs", input_shape, "B, T, D")
        features = _checks.known("inputs", input_shape, -1, "features")
        self._build_heads(features)
        if self.positions == "rotary":
            check_head_size(self._size)
        units = (self.num_heads + 2 * self._kv_heads) * self._size
        self.input_projection = self._product(features, units, "query_key_value")
        if self.qk_norm:
            self.query_norm = self._norm("query_norm")
            self.key_norm = self._norm("key_norm")

    def _norm(self, name: str) -> keras.layers.Layer:
        norm = keras.layers.RMSNormalization(epsilon=1e-6, dtype=self.dtype_policy, name=name)
        norm.build((None, None, None, self._size))
        return norm

    def call(
        self,
        inputs: Any,
        lengths: Any = None,
        mask: Any = None,
        return_weights: bool = False,
        training: bool | None = None,
    ) -> Any:
        """The attended features, and with `return_weights` the weights too."""
        steps = ops.arange(ops.shape(inputs)[1], dtype="int32")
        query, key, value = self._project(inputs, steps)
        bias = self._bias(steps, steps, query.dtype)
        if return_weights or (training and self.dropout):
            real = padding_mask(lengths, mask, ops.shape(inputs)[1])
            visible = self._visible(steps, steps, mask=real)
            heads, weights = self._attend_by_weights(query, key, value, bias, visible, training)
            output = self._join(heads)
            return (output, weights) if return_weights else output
        heads = self._attend(
            query,
            key,
            value,
            causal=self.causal,
            window=self.window,
            lengths=lengths,
            mask=mask,
            bias=bias,
        )
        return self._join(heads)

    def initial_cache(self, batch_size: int, length: int) -> dict[str, Any]:
        """An empty cache for `length` steps: `{"key": (B, length, K, H), "value": the same}`."""
        _checks.positive("length", length)
        if not self.built:
            raise UserError("build the layer (or call it once) before asking for its cache")
        shape = (batch_size, length, self._kv_heads, self._size)
        return {name: ops.zeros(shape, dtype=self.compute_dtype) for name in ("key", "value")}

    def step(
        self, inputs: Any, cache: dict[str, Any], position: Any, return_weights: bool = False
    ) -> tuple[Any, ...]:
        """Attends from a few new steps to themselves and to all steps before them.

        Equal to the same rows of `call` on the whole sequence. All shapes are static and the
        position is data, so a compiled step is compiled once.

        Args:
            inputs: `(B, T, D)`, the new steps: the prompt first, then one by one.
            cache: What `initial_cache` or the last `step` returned; left unchanged.
            position: Position of the first new step: an integer, a scalar tensor, or a `(B,)`
                tensor where examples are at different places. `position + T` must be at most the
                cache's length; a tensor is data and is not checked.
            return_weights: Whether to return the weights `(B, N, T, length)` too.

        Returns:
            `(output, cache)`, or `(output, cache, weights)`.

        Raises:
            UserError: If the layer is not causal, or the steps do not fit in the cache.
        """
        if not self.causal:
            raise UserError("`step` needs causal attention. Received: causal=False")
        length = cache["key"].shape[1]
        _check_room(inputs.shape[1], position, length)
        inputs = ops.cast(inputs, self.compute_dtype)
        steps = _positions.from_offset(position, inputs.shape[1])
        slots = ops.arange(length, dtype="int32")
        query, key, value = self._project(inputs, steps)
        cache = {
            "key": _write(cache["key"], key, position, steps),
            "value": _write(cache["value"], value, position, steps),
        }
        bias = self._bias(steps, slots, query.dtype)
        visible = self._visible(steps, slots)
        stored = (cache["key"], cache["value"])
        if return_weights:
            heads, weights = self._attend_by_weights(query, *stored, bias, visible, False)
            return self._join(heads), cache, weights
        return self._join(self._attend(query, *stored, mask=visible, bias=bias)), cache

    def _project(self, inputs: Any, steps: Any) -> list[Any]:
        heads = (self.num_heads, self._kv_heads, self._kv_heads)
        query, key, value = self._split(flat(self.input_projection, inputs), *heads)
        if self.qk_norm:
            query, key = self.query_norm(query), self.key_norm(key)
        if self.positions == "rotary":
            query, key = (rotate(x, steps, self.rotary_base) for x in (query, key))
        return [query, key, value]

    def _bias(self, queries: Any, keys: Any, dtype: Any) -> Any:
        if self.positions != "alibi":
            return None
        return ops.cast(alibi_bias(self.num_heads, queries, keys, wide(dtype)), dtype)

    def _visible(self, queries: Any, keys: Any, mask: Any = None) -> Any:
        if mask is not None:
            mask = mask[:, None, None, :]
        return visible_keys(
            queries, keys, causal=self.causal, window=self.window, lengths=None, mask=mask
        )

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """`(B, T, output_size)`."""
        return (*input_shape[:-1], self.output_size or input_shape[-1])

    def compute_output_spec(
        self,
        inputs: Any,
        lengths: Any = None,
        mask: Any = None,
        return_weights: bool = False,
        training: bool | None = None,
    ) -> Any:
        """Shape and dtype of the output, and with `return_weights` of the weights."""
        return self._output_spec(inputs, inputs.shape[1], return_weights)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "causal": self.causal,
            "window": self.window,
            "positions": self.positions,
            "rotary_base": self.rotary_base,
            "qk_norm": self.qk_norm,
        }


def _check_room(size: int, position: Any, length: int) -> None:
    first = position if isinstance(position, int) else 0
    if first + size > length:
        raise UserError(
            f"the cache has {length} steps (axis S); {size} new ones from position {first} "
            "do not fit. Ask `initial_cache` for more."
        )


def _write(cache: Any, new: Any, position: Any, steps: Any) -> Any:
    new = ops.cast(new, cache.dtype)
    if len(steps.shape) == 1:
        start, first = ops.zeros((), "int32"), ops.cast(position, "int32")  # JAX wants one dtype
        return ops.slice_update(cache, (start, first, start, start), new)
    # Each example at its own place: pick the slot's new step, if it has one.
    hit = ops.expand_dims(steps, 1) == ops.arange(cache.shape[1], dtype="int32")[None, :, None]
    moved = ops.einsum("bst,btkh->bskh", ops.cast(hit, cache.dtype), new)
    return ops.where(ops.any(hit, axis=-1)[:, :, None, None], moved, cache)

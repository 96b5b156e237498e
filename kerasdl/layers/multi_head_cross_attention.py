"""Attention with several heads from one sequence to another."""

from typing import Any

import keras
from keras import ops

from kerasdl.layers import _checks
from kerasdl.layers._headed_attention import HeadedAttention
from kerasdl.layers._tensors import flat, padding_mask


@keras.saving.register_keras_serializable(package="kerasdl")
class MultiHeadCrossAttention(HeadedAttention):
    """Attention with several heads from one sequence to an encoder's states.

    `q = x W_q + b_q`, `k, v = split(memory W + b)`, and for each head `n`, with the key head
    `n // (N / K)`: `weights[n, t] = softmax_s(q[n, t] . k[n, s] / sqrt(H))` over real states only,
    `y[t] = concat_n(sum_s weights[n, t, s] v[n, s]) W_o + b_o`.

    Shapes: `B` batch, `T` target and `S` source steps, `D` and `M` features, `N` heads, `K` key
    heads, `H` head size. Input `(B, T, D)`, memory `(B, S, M)`, `lengths` `(B,)` of the memory.
    Output `(B, T, output_size)`; weights `(B, N, T, S)`, in float32 at least.

    Masking: reads `lengths`, or else the memory's implicit mask; passes the input's mask on. A
    memory without a real state gives `b_o`.
    Cost: `2 S (2 K) H M` for keys and values, which `prepare` computes once for many steps, and
    `4 T S N H` for scores and means.

    Args:
        num_heads: Query heads, `N`.
        head_size: `H`; None for `D / N`.
        kv_heads: Key and value heads, `K`, a divisor of `N`; None for `N`.
        output_size: Features of the output; None for `D`.
        dropout: Share of the weights set to 0 in training.
        use_bias: Whether the products add biases.
        kernel_initializer: Of the three matrices.
        bias_initializer: Of the biases.
        seed: Of the dropout.

    Call arguments:
        inputs, memory, lengths: As above.
        return_weights: Whether to return `(output, weights)`.

    Raises:
        UserError: If an argument is outside its range, `num_heads` does not divide `D`, or a
            shape does not fit.

    Differs from: `keras.layers.MultiHeadAttention` by the lengths and by keys and values that are
        one product and can be prepared once.

    Example:
        >>> layer = MultiHeadCrossAttention(num_heads=2)
        >>> layer(keras.ops.ones((2, 3, 8)), keras.ops.ones((2, 5, 6))).shape
        (2, 3, 8)

    Reference: Vaswani et al., 2017, section 3.2.3, https://arxiv.org/abs/1706.03762
    """

    def __init__(
        self,
        num_heads: int,
        head_size: int | None = None,
        kv_heads: int | None = None,
        output_size: int | None = None,
        dropout: float = 0.0,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        seed: int | None = None,
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

    def build(self, inputs_shape: Any, memory_shape: Any) -> None:
        """Creates the three products."""
        _checks.axes("inputs", inputs_shape, "B, T, D")
        _checks.axes("memory", memory_shape, "B, S, M")
        features = _checks.known("inputs", inputs_shape, -1, "features")
        source = _checks.known("memory", memory_shape, -1, "features")
        self._build_heads(features)
        self.query_projection = self._product(features, self.num_heads * self._size, "query")
        units = 2 * self._kv_heads * self._size
        self.memory_projection = self._product(source, units, "key_value")

    def prepare(self, memory: Any, lengths: Any = None) -> dict[str, Any]:
        """Keys and values of a memory, `(B, S, K, H)` each, and its lengths, for `step`."""
        rows = flat(self.memory_projection, ops.cast(memory, self.compute_dtype))
        key, value = self._split(rows, self._kv_heads, self._kv_heads)
        if lengths is None:
            lengths = ops.full(ops.shape(memory)[:1], ops.shape(memory)[1])
        return {"key": key, "value": value, "lengths": ops.cast(lengths, "int32")}

    def step(self, inputs: Any, prepared: dict[str, Any], return_weights: bool = False) -> Any:
        """`call` for a memory prepared before: the output, or `(output, weights)`."""
        query = self._query(ops.cast(inputs, self.compute_dtype))
        return self._look(
            query, prepared["key"], prepared["value"], prepared["lengths"], None, return_weights
        )

    def call(
        self,
        inputs: Any,
        memory: Any,
        lengths: Any = None,
        memory_mask: Any = None,
        return_weights: bool = False,
        training: bool | None = None,
    ) -> Any:
        """The attended features, and with `return_weights` the weights too."""
        prepared = self.prepare(memory)
        return self._look(
            self._query(inputs),
            prepared["key"],
            prepared["value"],
            lengths,
            memory_mask,
            return_weights,
            training,
        )

    def _query(self, inputs: Any) -> Any:
        return self._split(flat(self.query_projection, inputs), self.num_heads)[0]

    def _look(
        self,
        query: Any,
        key: Any,
        value: Any,
        lengths: Any,
        mask: Any,
        return_weights: bool,
        training: bool | None = None,
    ) -> Any:
        if not (return_weights or (training and self.dropout)):
            return self._join(self._attend(query, key, value, lengths=lengths, mask=mask))
        real = padding_mask(lengths, mask, ops.shape(key)[1])
        visible = None if real is None else real[:, None, None, :]
        heads, weights = self._attend_by_weights(query, key, value, None, visible, training)
        output = self._join(heads)
        return (output, weights) if return_weights else output

    def compute_output_shape(self, inputs_shape: Any, memory_shape: Any) -> tuple[int | None, ...]:
        """`(B, T, output_size)`."""
        return (*inputs_shape[:-1], self.output_size or inputs_shape[-1])

    def compute_output_spec(
        self,
        inputs: Any,
        memory: Any,
        lengths: Any = None,
        memory_mask: Any = None,
        return_weights: bool = False,
        training: bool | None = None,
    ) -> Any:
        """Shape and dtype of the output, and with `return_weights` of the weights."""
        return self._output_spec(inputs, memory.shape[1], return_weights)

"""Multiplicative attention."""

from typing import Any

import keras
from keras import ops

from kerasdl.errors import UserError
from kerasdl.layers import _checks
from kerasdl.layers._dense import built_dense, fresh
from kerasdl.layers._sequence_attention import SequenceAttention
from kerasdl.layers._tensors import flat


@keras.saving.register_keras_serializable(package="kerasdl")
class LuongAttention(SequenceAttention):
    """Attention over an encoder's states, scored by products (Luong).

    With `score="dot"`: `score[t, s] = query[t] . memory[s]`;
    `"general"`: `query[t] . W memory[s]`;
    `"concat"`: `v . tanh(W [query[t]; memory[s]])`. Then
    `weights[t] = softmax_s(score[t])` over real states only,
    `y[t] = sum_s weights[t, s] memory[s]`.

    Shapes: `B` batch, `T` queries, `S` encoder steps, `Q` and `M` features. Query `(B, T, Q)` or
    one query `(B, Q)`; memory `(B, S, M)`, with `M = Q` for `"dot"`; `lengths` `(B,)` integers,
    the real steps of each memory. Output `(B, T, M)` or `(B, M)`; weights `(B, T, S)` or `(B, S)`.

    Masking: padded states get weight exactly 0, by `lengths` or by the memory's implicit mask; a
    memory without any real state gives 0. Weights are computed in float32 under mixed precision.
    Cost: `B * T * S` scores; `"concat"` needs `units` times as much.

    Args:
        score: `"dot"`, `"general"` or `"concat"`.
        units: Width of the scoring network; for `"concat"`, and only there.
        kernel_initializer: Of `W` and `v`.

    Call arguments:
        query, memory, lengths: As above.
        return_weights: Whether to return `(output, weights)`.

    Raises:
        UserError: If `score` is unknown, `units` missing or superfluous, or a shape does not fit.

    Differs from: `keras.layers.Attention`, which has no `W`, and scales by one learned number.
        `"concat"` is `AdditiveAttention` with `W` and `U` drawn as one matrix.

    Example:
        >>> query, memory = keras.ops.ones((2, 3, 5)), keras.ops.ones((2, 7, 6))
        >>> LuongAttention("general")(query, memory).shape
        (2, 3, 6)

    Reference: Luong et al., 2015, section 3.1, https://arxiv.org/abs/1508.04025
    """

    def __init__(
        self,
        score: str = "general",
        units: int | None = None,
        kernel_initializer: Any = "glorot_uniform",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        _checks.one_of("score", score, ("dot", "general", "concat"))
        _checks.optional_positive("units", units)
        if (units is None) == (score == "concat"):
            raise UserError(
                '`units` must be given for score="concat", and for it alone. '
                f"Received: score={score!r}, units={units}"
            )
        self.score = score
        self.units = units
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def build(self, query_shape: Any, memory_shape: Any) -> None:
        """Creates the weights that the score has."""
        self.check_shapes(query_shape, memory_shape)
        query = _checks.known("query", query_shape, -1, "features")
        memory = _checks.known("memory", memory_shape, -1, "features")
        if self.score == "dot":
            _checks.axes("memory", memory_shape, f"B, S, {query}")
        elif self.score == "general":
            self.projection = self._product(memory, query, "projection")
        else:
            # One draw for [query; memory], so that the fan-in is that of the formula.
            shape = (query + memory, self.units)
            self.kernel = self.add_weight(
                shape, initializer=fresh(self.kernel_initializer), name="kernel"
            )
            self.projection = self._product(self.units, 1, "score")
        self.query_size = query

    def _product(self, inputs: int, units: int, name: str) -> keras.layers.Dense:
        return built_dense(self, inputs, units, name, self.kernel_initializer, use_bias=False)

    def prepare(self, memory: Any) -> Any:
        """`(B, S, Q)` for the products, `(B, S, units)` for `"concat"`."""
        memory = ops.cast(memory, self.compute_dtype)
        if self.score == "dot":
            return memory
        if self.score == "general":
            return flat(self.projection, memory)
        return self._half(memory, slice(self.query_size, None))

    def scores(self, query: Any, keys: Any) -> Any:
        """`(B, T, S)` from queries `(B, T, Q)` and prepared keys."""
        query = ops.cast(query, self.compute_dtype)
        if self.score != "concat":
            return ops.matmul(query, ops.transpose(keys, (0, 2, 1)))
        rows = ops.expand_dims(self._half(query, slice(None, self.query_size)), 2)
        hidden = ops.tanh(rows + ops.expand_dims(keys, 1))
        return ops.squeeze(flat(self.projection, hidden), -1)

    def _half(self, inputs: Any, rows: slice) -> Any:
        kernel = ops.cast(self.kernel, self.compute_dtype)[rows]
        return flat(lambda x: ops.matmul(x, kernel), inputs)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "score": self.score,
            "units": self.units,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }

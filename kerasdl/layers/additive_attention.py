"""Additive attention."""

from typing import Any

import keras
from keras import ops

from kerasdl.layers import _checks
from kerasdl.layers._dense import built_dense
from kerasdl.layers._sequence_attention import SequenceAttention
from kerasdl.layers._tensors import flat


@keras.saving.register_keras_serializable(package="kerasdl")
class AdditiveAttention(SequenceAttention):
    """Attention over an encoder's states, scored by a small network (Bahdanau).

    `score[t, s] = v . tanh(W query[t] + U memory[s])`,
    `weights[t] = softmax_s(score[t])` over real states only,
    `y[t] = sum_s weights[t, s] memory[s]`.

    Shapes: `B` batch, `T` queries, `S` encoder steps, `Q` and `M` features. Query `(B, T, Q)` or
    one query `(B, Q)`; memory `(B, S, M)`; `lengths` `(B,)` integers, the real steps of each
    memory. Output `(B, T, M)` or `(B, M)`; weights `(B, T, S)` or `(B, S)`.

    Masking: padded states get weight exactly 0, by `lengths` or by the memory's implicit mask; a
    memory without any real state gives 0. Weights are computed in float32 under mixed precision.
    Cost: `B * T * S * units` intermediate values, more than any other attention here.

    Args:
        units: Width of the scoring network.
        kernel_initializer: Of `W`, `U` and `v`.

    Call arguments:
        query, memory, lengths: As above.
        return_weights: Whether to return `(output, weights)`.

    Raises:
        UserError: If `units` is not a positive integer, or a shape does not fit.

    Differs from: `keras.layers.AdditiveAttention`, which has no `W` and `U`, so query and memory
        must be of one size.

    Example:
        >>> query, memory = keras.ops.ones((2, 5)), keras.ops.ones((2, 7, 6))
        >>> AdditiveAttention(4)(query, memory).shape
        (2, 6)

    Reference: Bahdanau et al., 2015, section 3.1 and appendix A.1.2,
        https://arxiv.org/abs/1409.0473
    """

    def __init__(
        self, units: int, kernel_initializer: Any = "glorot_uniform", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        _checks.positive("units", units)
        self.units = units
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def build(self, query_shape: Any, memory_shape: Any) -> None:
        """Creates `W`, `U` and `v`."""
        self.check_shapes(query_shape, memory_shape)
        query = _checks.known("query", query_shape, -1, "features")
        memory = _checks.known("memory", memory_shape, -1, "features")
        self.query_projection = self._product(query, self.units, "query")
        self.memory_projection = self._product(memory, self.units, "memory")
        self.score = self._product(self.units, 1, "score")

    def _product(self, inputs: int, units: int, name: str) -> keras.layers.Dense:
        return built_dense(self, inputs, units, name, self.kernel_initializer, use_bias=False)

    def prepare(self, memory: Any) -> Any:
        """`U memory`, `(B, S, units)`."""
        return flat(self.memory_projection, memory)

    def scores(self, query: Any, keys: Any) -> Any:
        """`(B, T, S)` from queries `(B, T, Q)` and prepared keys."""
        rows = ops.expand_dims(flat(self.query_projection, query), 2)
        hidden = ops.tanh(rows + ops.expand_dims(keys, 1))
        return ops.squeeze(flat(self.score, hidden), -1)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "units": self.units,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }

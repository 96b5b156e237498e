"""What additive and multiplicative attention over an encoder's states share."""

from typing import Any

import keras
from keras import ops

from kerasdl.layers import _checks
from kerasdl.layers._tensors import masked_softmax, padding_mask


class SequenceAttention(keras.layers.Layer):
    """Weights an encoder's states by scores of a query, and sums them.

    A subclass says how to score: `prepare(memory)` is the part that depends on the memory alone
    (computed once a sequence, not once a decoder step), `scores(query, keys)` the rest.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def prepare(self, memory: Any) -> Any:
        """What `scores` needs of the memory; computed once a sequence."""
        return memory

    def attend(self, query: Any, memory: Any, keys: Any, visible: Any = None) -> tuple[Any, Any]:
        """One look at the memory: the context and the weights.

        Args:
            query: `(B, Q)` or `(B, T, Q)`.
            memory: `(B, S, M)`.
            keys: What `prepare(memory)` returned.
            visible: `(B, S)` booleans, False at padding; None if there is none.
        """
        single = len(query.shape) == 2
        rows = ops.expand_dims(query, 1) if single else query
        weights = masked_softmax(
            self.scores(rows, keys), None if visible is None else ops.expand_dims(visible, 1)
        )
        weights = ops.cast(weights, self.compute_dtype)
        context = ops.matmul(weights, ops.cast(memory, self.compute_dtype))
        if single:
            return ops.squeeze(context, 1), ops.squeeze(weights, 1)
        return context, weights

    def call(
        self,
        query: Any,
        memory: Any,
        lengths: Any = None,
        memory_mask: Any = None,
        return_weights: bool = False,
    ) -> Any:
        """The context, and with `return_weights` the weights too."""
        visible = padding_mask(lengths, memory_mask, ops.shape(memory)[1])
        context, weights = self.attend(query, memory, self.prepare(memory), visible)
        return (context, weights) if return_weights else context

    def compute_output_shape(self, query_shape: Any, memory_shape: Any) -> tuple[int | None, ...]:
        """The query's shape with the memory's features."""
        return (*query_shape[:-1], memory_shape[-1])

    def compute_output_spec(
        self,
        query: Any,
        memory: Any,
        lengths: Any = None,
        memory_mask: Any = None,
        return_weights: bool = False,
    ) -> Any:
        """The context's shape and dtype, and with `return_weights` those of the weights."""
        shape = self.compute_output_shape(query.shape, memory.shape)
        context = keras.KerasTensor(shape, dtype=self.compute_dtype)
        if not return_weights:
            return context
        weights_shape = (*query.shape[:-1], memory.shape[1])
        return context, keras.KerasTensor(weights_shape, dtype=self.compute_dtype)

    @staticmethod
    def check_shapes(query_shape: Any, memory_shape: Any) -> None:
        """Raises unless the shapes are `(B, Q)` or `(B, T, Q)`, and `(B, S, M)`."""
        _checks.axes("query", query_shape, "B, Q" if len(query_shape) == 2 else "B, T, Q")
        _checks.axes("memory", memory_shape, "B, S, M")

"""Deterministic attention over the regions of an image."""

from typing import Any

import keras
from keras import ops

from kerasdl.layers import _checks
from kerasdl.layers._dense import built_dense
from kerasdl.layers._tensors import flat, length_mask, wide
from kerasdl.layers.additive_attention import AdditiveAttention


@keras.saving.register_keras_serializable(package="kerasdl")
class SoftImageAttention(keras.layers.Layer):
    """Mean of an image's region features, weighted by a query: "soft" attention.

    `weights[t] = softmax_l(v . tanh(W query[t] + U features[l]))`,
    `y[t] = gate[t] * sum_l weights[t, l] features[l]`, `gate[t] = sigmoid(w_g . query[t] + b_g)`.
    With `coverage > 0` it adds the loss `coverage * mean_b sum_l (1 - sum_t weights[b, t, l])**2`,
    which asks that every region be looked at over the sentence.

    Shapes: `B` batch, `T` words, `H` and `W` the regions' grid, `L = H * W` regions, `Q` and `C`
    features. Query `(B, T, Q)` or `(B, Q)`; features `(B, H, W, C)` or `(B, L, C)`. Output
    `(B, T, C)` or `(B, C)`; weights `(B, T, H, W)`, `(B, T, L)`, or the same without `T`.

    Masking: words that the query's implicit mask or `lengths` hides do not count in the coverage
    loss. Every region is real.
    Cost: `B * T * L * units` intermediate values.

    Args:
        units: Width of the scoring network.
        gate: Whether the context is scaled by a gate of the query.
        coverage: Factor of the coverage loss; needs queries `(B, T, Q)` when positive.

    Call arguments:
        query, features: As above.
        lengths: `(B,)` integers, the real words of each sentence.
        return_weights: Whether to return `(output, weights)`.

    Raises:
        UserError: If `units` is not a positive integer, `coverage` negative, or a shape does not
            fit.

    Differs from: `AdditiveAttention` by the gate, the coverage loss and the grid of regions.

    Example:
        >>> query, features = keras.ops.ones((2, 5)), keras.ops.ones((2, 3, 3, 8))
        >>> SoftImageAttention(4)(query, features).shape
        (2, 8)

    Reference: Xu et al., 2015, sections 3.1.2 and 4.2, https://arxiv.org/abs/1502.03044
    """

    def __init__(self, units: int, gate: bool = True, coverage: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        _checks.positive("units", units)
        _checks.at_least_zero("coverage", coverage)
        self.units = units
        self.gate = gate
        self.coverage = coverage
        self.supports_masking = True
        self.attention = AdditiveAttention(units, dtype=self.dtype_policy, name="attention")

    def build(self, query_shape: Any, features_shape: Any) -> None:
        """Creates the scoring network and the gate."""
        grid = "B, H, W, C" if len(features_shape) == 4 else "B, L, C"
        _checks.axes("features", features_shape, grid)
        if self.coverage:
            _checks.axes("query", query_shape, "B, T, Q")
        self.attention.build(query_shape, (features_shape[0], None, features_shape[-1]))
        if self.gate:
            self.gate_projection = built_dense(
                self, query_shape[-1], 1, "gate", "glorot_uniform", activation="sigmoid"
            )

    def call(
        self,
        query: Any,
        features: Any,
        lengths: Any = None,
        query_mask: Any = None,
        return_weights: bool = False,
    ) -> Any:
        """The gated context, and with `return_weights` the weights too."""
        shape = ops.shape(features)
        regions = ops.reshape(features, (shape[0], -1, shape[-1]))
        context, weights = self.attention(query, regions, return_weights=True)
        if self.coverage:
            self._add_coverage_loss(weights, lengths, query_mask)
        if self.gate:
            context = context * flat(self.gate_projection, query)
        if not return_weights:
            return context
        return context, ops.reshape(weights, (*ops.shape(weights)[:-1], *shape[1:-1]))

    def _add_coverage_loss(self, weights: Any, lengths: Any, mask: Any) -> None:
        weights = ops.cast(weights, wide(weights.dtype))
        if lengths is not None:
            mask = length_mask(lengths, ops.shape(weights)[1])
        if mask is not None:
            weights = weights * ops.cast(mask, weights.dtype)[:, :, None]
        missing = ops.square(1.0 - ops.sum(weights, axis=1))
        self.add_loss(self.coverage * ops.mean(ops.sum(missing, axis=-1)))

    def compute_output_shape(self, query_shape: Any, features_shape: Any) -> tuple[int | None, ...]:
        """The query's shape with the regions' features."""
        return (*query_shape[:-1], features_shape[-1])

    def compute_output_spec(
        self,
        query: Any,
        features: Any,
        lengths: Any = None,
        query_mask: Any = None,
        return_weights: bool = False,
    ) -> Any:
        """Shape and dtype of the context, and with `return_weights` of the weights."""
        shape = self.compute_output_shape(query.shape, features.shape)
        context = keras.KerasTensor(shape, dtype=self.compute_dtype)
        if not return_weights:
            return context
        weights_shape = (*query.shape[:-1], *features.shape[1:-1])
        return context, keras.KerasTensor(weights_shape, dtype=self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "units": self.units,
            "gate": self.gate,
            "coverage": self.coverage,
        }

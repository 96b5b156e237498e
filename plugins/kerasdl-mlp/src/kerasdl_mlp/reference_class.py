"""The logit of the class that the others are compared with."""

from typing import Any

import keras


@keras.saving.register_keras_serializable(package="kerasdl_mlp")
class ReferenceClass(keras.layers.Layer):
    """Puts the logit 0 of the first class before the logits of the others.

    `y = (0, x_1, ..., x_{K-1})`, so `x_k = log p(class k) - log p(class 0)` under a softmax.

    Shapes: `B` batch, `K` classes. Input `(B, K - 1)`, output `(B, K)`.

    Masking: has none.

    Differs from: a dense layer with `K` units, where a constant added to all of them changes
        nothing, so that the weights are not determined.

    Example:
        >>> ReferenceClass()(keras.ops.ones((2, 1))).shape
        (2, 2)
    """

    def call(self, inputs: Any) -> Any:
        """All `K` logits."""
        return keras.ops.pad(inputs, [[0, 0], [1, 0]])

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, int]:
        """One more in the last axis."""
        return (input_shape[0], input_shape[1] + 1)

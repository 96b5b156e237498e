"""Where each token stands, added to its vector."""

from typing import Any

import keras

from kerasdl.errors import UserError
from kerasdl.layers import LearnedPositions, SinusoidalPositions

KINDS = ("learned", "sinusoidal")


@keras.saving.register_keras_serializable(package="kerasdl_transformer")
class Positions(keras.layers.Layer):
    """Scales embeddings, adds their positions, and knows the longest text.

    `y[t] = scale * x[t] + p[position + t]`, with `p` learned, sinusoidal, or absent where the
    attention knows the positions.

    Shapes: `B` batch, `T` time steps, `D` features. Input and output `(B, T, D)`.

    Masking: none; padded steps are shifted like the others.
    Cost: a sum; learned positions have `context * D` parameters.

    Args:
        kind: `"learned"`, `"sinusoidal"`, or None for no sum.
        context: Longest text, in tokens; None where there is no bound. Caches get this length.
        scale: Factor of the embeddings.
        initializer: Of learned positions.

    Call arguments:
        inputs: As above.
        position: Position of the first step: an integer, or a scalar or `(B,)` tensor.

    Raises:
        UserError: If `kind` is another, or learned positions have no `context`.

    Differs from: `kerasdl.layers.LearnedPositions` and `SinusoidalPositions`, which it holds, by
        the factor.

    Example:
        >>> Positions("learned", context=16)(keras.ops.ones((2, 5, 8))).shape
        (2, 5, 8)

    Reference: Vaswani et al., 2017, sections 3.4 and 3.5, https://arxiv.org/abs/1706.03762
    """

    def __init__(
        self,
        kind: str | None = None,
        context: int | None = None,
        scale: float = 1.0,
        initializer: Any = "uniform",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if kind is not None and kind not in KINDS:
            raise UserError(f"`kind` must be one of {KINDS} or None. Received: kind={kind!r}")
        if kind == "learned" and context is None:
            raise UserError(
                "learned positions need to know the longest text: give `context` (and "
                "`target_context` for what is written), or choose other `positions`. "
                "Received: context=None"
            )
        self.kind = kind
        self.context = context
        self.scale = scale
        self.initializer = keras.initializers.get(initializer)
        self.table = self._table()

    def _table(self) -> keras.layers.Layer | None:
        how = {"dtype": self.dtype_policy, "name": "table"}
        if self.kind == "learned":
            return LearnedPositions(self.context, self.initializer, **how)
        return SinusoidalPositions(**how) if self.kind == "sinusoidal" else None

    def build(self, input_shape: Any) -> None:
        """Creates the learned positions."""
        if self.table is not None:
            self.table.build(input_shape)

    def call(self, inputs: Any, position: Any = 0) -> Any:
        """The embeddings with their positions."""
        scaled = inputs if self.scale == 1 else inputs * self.scale
        return scaled if self.table is None else self.table(scaled, position=position)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The input's shape."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "kind": self.kind,
            "context": self.context,
            "scale": self.scale,
            "initializer": keras.initializers.serialize(self.initializer),
        }

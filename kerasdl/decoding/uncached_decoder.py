"""Any causal model as a decoder, without a cache."""

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from kerasdl.decoding.decoder import Decoder


class UncachedDecoder(Decoder):
    """Runs a causal model on the whole sequence for each token.

    The plain twin of every cached decoder: it needs nothing but the model that was trained, and
    gives what the cached one must give.

    Shapes: the model maps tokens `(B, L)` to logits `(B, L, V)`, and none of them may depend on
    later tokens: places after the current one hold zeros or old tokens.

    Cost: a forward pass over `L = max_length` tokens for each new one.

    Args:
        model: Called as `model(tokens)`, or with inputs as `model([*inputs, tokens])`.
        max_length: `L`.
        vocabulary_size: `V`; None for the size of the model's last axis.
        logits: `logits(model, inputs, tokens)` where the model is called in another way.

    Example:
        >>> model = keras.Sequential([keras.Input((8,)), keras.layers.Embedding(5, 5)])
        >>> UncachedDecoder(model, max_length=8).vocabulary_size
        5
    """

    def __init__(
        self,
        model: keras.Model,
        max_length: int,
        vocabulary_size: int | None = None,
        logits: Callable[[keras.Model, Any, Any], Any] | None = None,
    ) -> None:
        super().__init__(
            model, vocabulary_size or model.output_shape[-1], max_length, chunk=max_length
        )
        self._logits = logits or _logits

    def start(self, inputs: Any, batch_size: int) -> dict[str, Any]:
        """Zeros for the tokens, and the inputs as they are."""
        given = {} if inputs is None else {"inputs": inputs}
        return {"tokens": ops.zeros((batch_size, self.max_length), "int32"), **given}

    def step(self, tokens: Any, state: Any, position: Any) -> tuple[Any, dict[str, Any]]:
        """The logits at the token's place."""
        here = ops.arange(self.max_length, dtype="int32")[None, :] == position[:, None]
        known = ops.where(here, ops.cast(tokens, "int32")[:, None], state["tokens"])
        logits = self._logits(self.model, state.get("inputs"), known)
        return ops.take_along_axis(logits, position[:, None, None], axis=1)[:, 0], {
            **state,
            "tokens": known,
        }

    def prefill(self, tokens: Any, lengths: Any, state: Any, position: Any) -> dict[str, Any]:
        """The tokens at their places."""
        place = (ops.zeros((), "int32"), ops.cast(position, "int32"))
        known = ops.slice_update(state["tokens"], place, ops.cast(tokens, "int32"))
        return {**state, "tokens": known}


def _logits(model: keras.Model, inputs: Any, tokens: Any) -> Any:
    if inputs is None:
        return model(tokens, training=False)
    inputs = inputs if isinstance(inputs, list | tuple) else [inputs]
    return model([*inputs, tokens], training=False)

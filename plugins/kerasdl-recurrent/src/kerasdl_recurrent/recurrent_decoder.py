"""Language models step by step."""

from typing import Any

import keras
from keras import ops

from kerasdl.decoding import Decoder
from kerasdl.errors import UserError
from kerasdl.layers import ChunkedCrossEntropy

_CHUNK = 64


class RecurrentDecoder(Decoder):
    """A recurrent language model that keeps its states from one token to the next.

    Shapes: the state is a list of a layer's states, each `(B, U)`, first layer first.

    Cost: one step of the network a token; prompts go in pieces of `chunk` tokens.

    Args:
        model: What `recurrent` builds for language modelling.
        chunk: Most tokens of a prompt at a time.

    Raises:
        UserError: If the model is for another task.

    Example:
        >>> model = kerasdl.create_model("lstm", task="language-modelling", vocab_size=9)
        >>> made = kerasdl.decoding.generate(RecurrentDecoder(model), [[1, 2]], max_new_tokens=3)
        >>> made.tokens.shape
        (1, 1, 3)
    """

    def __init__(self, model: keras.Model, chunk: int = _CHUNK) -> None:
        layers = {layer.name: layer for layer in model.layers}
        output = layers.get("head", layers.get("embedding"))
        if not isinstance(output, ChunkedCrossEntropy):
            raise UserError("this recurrent network is not for language modelling")
        super().__init__(model, output.vocabulary_size, chunk=chunk)
        self._output = output
        self._embedding = layers["embedding"]
        self._projection = layers.get("projection")
        count = sum(name.startswith("recurrent_") for name in layers)
        self._layers = [_unwrapped(layers[f"recurrent_{n + 1}"]) for n in range(count)]

    def start(self, inputs: Any, batch_size: int) -> list[list[Any]]:
        """Zeros."""
        return [
            [
                ops.zeros((batch_size, layer.units), dtype=layer.compute_dtype)
                for _ in layer.compute_output_shape((None, None, 1))[1:]
            ]
            for layer in self._layers
        ]

    def step(self, tokens: Any, state: Any, position: Any) -> tuple[Any, Any]:
        """The logits after one token."""
        x, state = self._run(tokens[:, None], None, state)
        x = x[:, 0]
        if self._projection is not None:
            x = self._projection(x)
        return ops.cast(self._output(x), "float32"), state

    def prefill(self, tokens: Any, lengths: Any, state: Any, position: Any) -> Any:
        """The states after the real tokens of each row."""
        return self._run(tokens, lengths, state)[1]

    def _run(self, tokens: Any, lengths: Any, state: Any) -> tuple[Any, Any]:
        tied = self._embedding is self._output
        x = self._output(tokens, embed=True) if tied else self._embedding(tokens)
        after = []
        for layer, own in zip(self._layers, state, strict=True):
            x, *own = layer(x, lengths=lengths, initial_state=own)
            after.append(own)
        return x, after


def _unwrapped(layer: keras.layers.Layer) -> keras.layers.Layer:
    while isinstance(layer, keras.layers.Wrapper):
        layer = layer.layer
    return layer

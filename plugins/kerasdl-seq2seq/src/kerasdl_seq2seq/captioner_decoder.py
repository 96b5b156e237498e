"""Word by word, with the image encoded once."""

from typing import Any

import keras
from keras import ops

from kerasdl import layers
from kerasdl.decoding import Decoder
from kerasdl_seq2seq import caption_side


class CaptionerDecoder(Decoder):
    """The decoder of a model that `kerasdl_seq2seq.captioner.build` made.

    `start` encodes the images `(B, H, W, C)` once. The weights that `attention` gives are those of
    the grid's regions row by row, `(B, H' * W')`: hard attention's are its probabilities, of which
    it takes the highest.

    Shapes: `B` batch, `H'` and `W'` sides of the grid.

    Args:
        model: The built model.

    Example:
        >>> from kerasdl import create_model
        >>> from kerasdl.decoding import decoder_of, generate
        >>> from kerasdl.plugin import Spec
        >>> spec = Spec(task="captioning", input_shape=(8, 8, 1), target_vocab_size=7)
        >>> decoder = decoder_of(create_model("captioner", spec=spec, units=8))
        >>> images = keras.ops.zeros((2, 8, 8, 1))
        >>> generate(decoder, [[1], [1]], inputs=images, max_new_tokens=5).tokens.shape
        (2, 1, 5)
    """

    def __init__(self, model: keras.Model) -> None:
        super().__init__(model, model.output_shape[-1])
        self.layers = {layer.name: layer for layer in model.layers}
        read = ["bridge_1_h", "bridge_1_c", "regions"]
        outputs = [self.layers[name].output for name in read]
        self.encoder = keras.Model(model.inputs[0], outputs, name="encoder")

    def start(self, inputs: Any, batch_size: int) -> dict[str, Any]:
        """Encodes the images.

        Args:
            inputs: Images `(B, H, W, C)`.
            batch_size: `B`.
        """
        *states, grid = self.encoder(inputs, training=False)
        look = self.layers.get("attention")
        if look is None:
            return {"states": states}
        shape = ops.shape(grid)
        regions = ops.reshape(grid, (shape[0], -1, shape[-1]))
        weights = ops.zeros_like(regions[..., 0])
        if isinstance(look, layers.HardImageAttention):
            weights = ops.cast(weights, "float32")
            return {"states": states, "regions": regions, "weights": weights}
        # The part of the scores that the regions alone decide.
        keys = look.attention.prepare(regions)
        return {"states": states, "regions": regions, "weights": weights, "keys": keys}

    def step(self, tokens: Any, state: dict[str, Any], position: Any) -> tuple[Any, dict[str, Any]]:
        """One word for each row."""
        x = caption_side.embedded(self.layers, tokens, training=False)
        hidden, states = self.layers["decoder"].forward_layer.cell(x, list(state["states"]))
        state = {**state, "states": list(states)}
        context = None
        if "attention" in self.layers:
            context, state["weights"] = self._looked(hidden, state)
        return caption_side.logits_of(self.layers, hidden, context, training=False), state

    def _looked(self, hidden: Any, state: dict[str, Any]) -> tuple[Any, Any]:
        look, regions = self.layers["attention"], state["regions"]
        if isinstance(look, layers.HardImageAttention):
            context, _, _, weights = look(hidden, regions, return_weights=True, training=False)
            return context, weights
        # Not the layer's own call: that adds the loss of its coverage.
        context, weights = look.attention.attend(hidden, regions, state["keys"])
        return context * look.gate_projection(hidden), weights

    def attention(self, state: dict[str, Any]) -> tuple[Any, Any] | None:
        """Weights `(B, H' * W')` of the last step; every region is real."""
        if "attention" not in self.layers:
            return None
        return state["weights"], ops.ones_like(state["weights"], dtype="bool")

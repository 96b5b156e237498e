"""Step by step, with what is known of the source computed once."""

from typing import Any

import keras
from keras import ops

from kerasdl.building import token_lengths
from kerasdl.decoding import Decoder
from kerasdl_seq2seq import target_side


class Seq2SeqDecoder(Decoder):
    """The decoder of a model that `kerasdl_seq2seq.seq2seq.build` made.

    `start` reads the source `(B, S)` once; a step runs the recurrent cells on one token. The state
    holds the cells' states, the memory with what the attention prepares of it, and the last step's
    weights.

    Shapes: `B` batch, `S` source steps.

    Args:
        model: The built model.

    Example:
        >>> from kerasdl import create_model
        >>> from kerasdl.decoding import decoder_of, generate
        >>> from kerasdl.plugin import Spec
        >>> spec = Spec(task="sequence-to-sequence", vocab_size=9, target_vocab_size=7)
        >>> decoder = decoder_of(create_model("seq2seq", spec=spec, units=8, embedding=4))
        >>> source = keras.ops.convert_to_tensor([[3, 4, 5], [6, 7, 0]])
        >>> generate(decoder, [[1], [1]], inputs=source, max_new_tokens=5).tokens.shape
        (2, 1, 5)
    """

    def __init__(self, model: keras.Model) -> None:
        super().__init__(model, model.output_shape[-1])
        self.layers = {layer.name: layer for layer in model.layers}
        self.encoder = keras.Model(model.inputs[0], self._read(), name="encoder")

    def _read(self) -> dict[str, Any]:
        names = [name for name in self.layers if name.startswith("bridge_")]
        read = {name: self.layers[name].output for name in names}
        read["code"] = self.layers["code"].output
        if self._look is not None:
            read["memory"] = self.layers["memory"].output
        return read

    @property
    def _look(self) -> keras.layers.Layer | None:
        """What looks at the memory: a layer of attention, or a recurrent one with attention."""
        return self.layers.get("attention_decoder") or self.layers.get("attention")

    def start(self, inputs: Any, batch_size: int) -> dict[str, Any]:
        """Runs the encoder.

        Args:
            inputs: Source tokens `(B, S)`.
            batch_size: `B`.
        """
        read = self.encoder(inputs, training=False)
        states = []
        while f"bridge_{len(states) + 1}_h" in read:
            name = f"bridge_{len(states) + 1}"
            states.append([read[f"{name}_{kind}"] for kind in "hc" if f"{name}_{kind}" in read])
        state = {"states": states, "code": read["code"]}
        if self._look is None:
            return state
        visible = ops.not_equal(inputs, 0)
        weights = ops.cast(ops.zeros_like(inputs), read["memory"].dtype)
        state |= {"memory": read["memory"], "visible": visible, "weights": weights}
        return {**state, **self._prepared(read["memory"], token_lengths(inputs), states)}

    def _prepared(self, memory: Any, lengths: Any, states: list[list[Any]]) -> dict[str, Any]:
        if "attention" in self.layers:
            return {"keys": self._look.prepare(memory)}
        cache = self._look.initial_cache(memory, lengths, states[-1])
        return {"keys": cache["keys"], "states": [*states[:-1], cache["states"]]}

    def step(self, tokens: Any, state: dict[str, Any], position: Any) -> tuple[Any, dict[str, Any]]:
        """One token for each row."""
        x = target_side.embedded(self.layers, tokens[:, None], state["code"], training=False)[:, 0]
        states = []
        for layer, own in zip(target_side.plain_layers(self.layers), state["states"], strict=False):
            x, own = layer.forward_layer.cell(x, list(own))
            states.append(list(own))
        state = {**state}
        if self._look is not None:
            x, fed, state["weights"] = self._looked(x, state)
            states += fed
        return target_side.logits_of(self.layers, x, training=False), {**state, "states": states}

    def _looked(self, x: Any, state: dict[str, Any]) -> tuple[Any, list[Any], Any]:
        """Output, the states of the layer that looks if it is recurrent, and weights."""
        looked = {name: state[name] for name in ("memory", "keys", "visible")}
        if "attention" in self.layers:
            context, weights = self._look.attend(x, **looked)
            return self.layers["combine"](ops.concatenate([context, x], axis=-1)), [], weights
        x, own, weights = self._look.cell(x, state["states"][-1], **looked, return_weights=True)
        return x, [list(own)], weights

    def attention(self, state: dict[str, Any]) -> tuple[Any, Any] | None:
        """Weights `(B, S)` of the last step, and which of the source's places are real."""
        return None if self._look is None else (state["weights"], state["visible"])

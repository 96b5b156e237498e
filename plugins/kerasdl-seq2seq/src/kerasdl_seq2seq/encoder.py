"""The recurrent encoder of a text, and what it hands to a decoder."""

from typing import Any, NamedTuple

import keras

from kerasdl import layers
from kerasdl.building import token_lengths
from kerasdl.plugin import Config

RNN = {"lstm": layers.LSTM, "gru": layers.GRU}


class Encoded(NamedTuple):
    """A text as the decoder sees it.

    Shapes: `B` batch, `S` source steps, `M` features of a step, `K` of the code, `U` units.

    Attributes:
        memory: `(B, S, M)`, the states of all steps.
        lengths: `(B,)`, the real ones.
        code: `(B, K)`, the last state, of each direction.
        states: For each layer of the decoder its first states, `(B, U)`.
    """

    memory: Any
    lengths: Any
    code: Any
    states: list[list[Any]]


def encoded(source: Any, embedding: keras.layers.Layer, config: Config) -> Encoded:
    """Embedding and recurrent layers over the real tokens; padding changes nothing."""
    lengths = token_lengths(source)
    x = keras.layers.Dropout(config.dropout, name="source_dropout")(embedding(source))
    states: list[Any] = []
    for number in range(1, config.layers + 1):
        if number > 1:
            x = keras.layers.Dropout(config.dropout, name=f"encoder_dropout_{number}")(x)
        layer = RNN[config.rnn](
            config.units,
            bidirectional=config.bidirectional,
            # A plain product needs a memory as wide as the decoder's state.
            merge_mode="sum" if config.attention == "dot" else "concat",
            return_sequences=True,
            return_state=True,
            name=f"encoder_{number}",
        )
        x, *states = layer(x, lengths=lengths)
    outputs = states[::2] if config.rnn == "lstm" else states
    code = _code(outputs)
    memory = keras.layers.Dropout(config.dropout, name="memory")(x)
    return Encoded(
        memory, lengths, code, first_states(code, config.rnn, config.units, config.layers)
    )


def _code(outputs: list[Any]) -> Any:
    if len(outputs) == 1:
        return keras.layers.Identity(name="code")(outputs[0])
    return keras.layers.Concatenate(name="code")(outputs)


def first_states(code: Any, rnn: str, units: int, count: int) -> list[list[Any]]:
    """The bridge: `h = tanh(W code + b)`, for an LSTM `c = W' code + b'`, for each layer."""
    kinds = {"h": "tanh", "c": None} if rnn == "lstm" else {"h": "tanh"}
    return [
        [
            keras.layers.Dense(units, activation=activation, name=f"bridge_{number}_{kind}")(code)
            for kind, activation in kinds.items()
        ]
        for number in range(1, count + 1)
    ]

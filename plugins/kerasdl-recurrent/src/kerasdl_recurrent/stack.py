"""Recurrent layers on one another, as the config fields say."""

from typing import Any

import keras

from kerasdl.layers import GRU, LSTM, WeightDrop
from kerasdl.plugin import Config
from kerasdl_recurrent.carried_state import CarriedState
from kerasdl_recurrent.simple_rnn import SimpleRNN

_CELLS = {"lstm": LSTM, "gru": GRU, "simple-rnn": SimpleRNN}


def initializers(config: Config, *names: str) -> dict[str, Any]:
    """`{name: initializer}` with the config's range; nothing where it has none."""
    r = config.init_range
    if r is None:
        return {}
    return {name: keras.initializers.RandomUniform(-r, r) for name in names}


def recurrent(config: Config, number: int, **arguments: Any) -> keras.layers.Layer:
    """The layer `recurrent_<number>`, within the wrappers that the config asks for."""
    name = f"recurrent_{number}"
    wrapped = bool(config.weight_drop or config.stateful)
    layer = _CELLS[config.cell](
        config.units,
        bidirectional=config.bidirectional,
        name=config.cell.replace("-", "_") if wrapped else name,
        **initializers(config, "kernel_initializer", "recurrent_initializer"),
        **arguments,
    )
    if config.weight_drop:
        inner = "weight_drop" if config.stateful else name
        layer = WeightDrop(layer, config.weight_drop, name=inner)
    return CarriedState(layer, config.streams, name=name) if config.stateful else layer


def dropped(x: Any, config: Config, name: str) -> Any:
    """The features `(B, T, D)` with some of them 0 in training, the same at every step."""
    if not config.dropout:
        return x
    return keras.layers.SpatialDropout1D(config.dropout, name=name)(x)


def stacked(x: Any, config: Config, lengths: Any = None, sequences: bool = True) -> Any:
    """All layers on `(B, T, D)`, with dropout between them.

    Args:
        x: What the first layer reads.
        config: The fields.
        lengths: Real steps of each row `(B,)`; None for all.
        sequences: Whether the last layer gives all steps, or its last states.
    """
    for number in range(1, config.layers + 1):
        if number > 1:
            x = dropped(x, config, f"dropout_{number}")
        layer = recurrent(config, number, return_sequences=sequences or number < config.layers)
        x = layer(x, lengths=lengths)
    return x

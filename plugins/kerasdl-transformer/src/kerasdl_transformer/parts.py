"""What the builders share: embeddings with positions, norms, lengths, layers by number."""

import itertools
import math
from typing import Any

import keras

from kerasdl.plugin import Config
from kerasdl_transformer.positions import KINDS, Positions
from kerasdl_transformer.token_embedding import TokenEmbedding

SPREAD = 0.02
"""Deviation of GPT-2's and BERT's first weights."""

UNBOUNDED = 1024
"""Room of a cache where the model has no longest text, in tokens."""


@keras.saving.register_keras_serializable(package="kerasdl_transformer")
def gelu_tanh(x: Any) -> Any:
    """GELU by the tanh formula that GPT-2 was trained with, within 5e-4 of the exact one."""
    return keras.activations.gelu(x, approximate=True)


def normal(spread: float) -> keras.initializers.Initializer:
    """A fresh normal initializer."""
    return keras.initializers.RandomNormal(stddev=spread)


def hidden_size(config: Config) -> int:
    """Width inside the position-wise networks.

    Gated ones have three matrices in place of two, hence two thirds of the width.
    """
    if config.hidden is not None:
        return config.hidden
    if not config.get("gated"):
        return 4 * config.width
    return 8 * math.ceil(config.width / 3)


def table_of(positions: str) -> str | None:
    """The kind of positions added to embeddings, if the attention does not know them itself."""
    return positions if positions in KINDS else None


def positions_of(positions: str) -> str | None:
    """The kind of positions that the attention knows, if none are added."""
    return None if positions in KINDS else positions


def embedding(size: int, config: Config, name: str, scaled: bool) -> TokenEmbedding:
    """Vectors of tokens, of deviation 0.02, or such that `sqrt(width)` makes it 1."""
    return TokenEmbedding(
        size,
        config.width,
        tie_weights=config.get("tied", True),
        embeddings_initializer=normal(config.width**-0.5 if scaled else SPREAD),
        name=name,
    )


def positions(config: Config, context: int | None, name: str, scaled: bool) -> Positions:
    """The positions of those vectors."""
    return Positions(
        table_of(config.positions),
        context,
        scale=config.width**0.5 if scaled else 1.0,
        initializer=normal(SPREAD),
        name=name,
    )


def dropped(x: Any, rate: float, name: str) -> Any:
    """`x` with dropout, where there is any."""
    return keras.layers.Dropout(rate, name=name)(x) if rate else x


def numbered(model: keras.Model, pattern: str) -> list[Any]:
    """The layers named `pattern.format(1)`, `pattern.format(2)` and so on."""
    names = {layer.name for layer in model.layers}
    wanted = (pattern.format(number) for number in itertools.count(1))
    return [model.get_layer(name) for name in itertools.takewhile(names.__contains__, wanted)]

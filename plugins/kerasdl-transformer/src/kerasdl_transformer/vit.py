"""The vision transformer: an image as a sequence of patches."""

from typing import Any

import keras

from kerasdl.building import image_inputs
from kerasdl.layers import TransformerEncoderBlock
from kerasdl.plugin import Config, Spec
from kerasdl_transformer import parts
from kerasdl_transformer.class_token import ClassToken
from kerasdl_transformer.patches import Patches
from kerasdl_transformer.positions import Positions


def build(config: Config, spec: Spec) -> keras.Model:
    """Patches, a dense layer on each, encoder blocks, and a head on one vector."""
    inputs, x = image_inputs(spec, fixed_size=True)
    x = Patches(config.patch_size, name="patches")(x)
    x = keras.layers.Dense(config.width, kernel_initializer=_small(), name="embedding")(x)
    if config.pooling == "class":
        x = ClassToken(_small(), name="class_token")(x)
    x = Positions("learned", x.shape[1], initializer=_small(), name="positions")(x)
    x = parts.dropped(x, config.dropout, "embedding_dropout")
    for number in range(1, config.layers + 1):
        x = _block(config, number)(x)
    x = keras.layers.LayerNormalization(epsilon=1e-6, name="final_norm")(x)
    x = x[:, 0] if config.pooling == "class" else _mean(x)
    x = parts.dropped(x, config.dropout, "head_dropout")
    logits = keras.layers.Dense(spec.output_count, kernel_initializer=_small(), name="head")(x)
    return keras.Model(inputs, logits, name="vit")


def _block(config: Config, number: int) -> TransformerEncoderBlock:
    """The later the block, the more images skip its branches."""
    share = (number - 1) / max(config.layers - 1, 1)
    return TransformerEncoderBlock(
        config.heads,
        parts.hidden_size(config),
        epsilon=1e-6,
        dropout=config.dropout,
        attention_dropout=config.attention_dropout,
        stochastic_depth=share * config.stochastic_depth,
        kernel_initializer=_small(),
        name=f"block{number}",
    )


def _small() -> keras.initializers.Initializer:
    return keras.initializers.TruncatedNormal(stddev=parts.SPREAD)


def _mean(x: Any) -> Any:
    return keras.layers.GlobalAveragePooling1D(name="pooling", data_format="channels_last")(x)

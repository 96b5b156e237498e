"""A decoder-only transformer: each token is predicted from those before it."""

from typing import Any

import keras

from kerasdl.building import token_inputs
from kerasdl.layers import FeedForward, GatedFeedForward, MultiHeadAttention
from kerasdl.plugin import Config, Spec
from kerasdl_transformer import parts


def build(config: Config, spec: Spec) -> keras.Model:
    """Pre-norm blocks of attention and a position-wise network, on GPT-2's first weights."""
    tokens = token_inputs(spec)
    scaled = config.positions == "sinusoidal"
    embedding = parts.embedding(spec.vocab_size, config, "embedding", scaled)
    x = parts.positions(config, spec.context, "positions", scaled)(embedding(tokens))
    x = parts.dropped(x, config.dropout, "embedding_dropout")
    for number in range(1, config.layers + 1):
        x = _block(x, config, f"block{number}")
    logits = embedding(_norm(config, "final_norm")(x), reverse=True)
    return keras.Model(tokens, logits, name="gpt")


def _block(x: Any, config: Config, name: str) -> Any:
    for branch in (_attention(config, f"{name}_attention"), _network(config, f"{name}_network")):
        y = branch(_norm(config, f"{branch.name}_norm")(x))
        x = x + parts.dropped(y, config.dropout, f"{branch.name}_dropout")
        _shrink(branch, config.layers)
    return x


def _attention(config: Config, name: str) -> MultiHeadAttention:
    return MultiHeadAttention(
        config.heads,
        kv_heads=config.kv_heads,
        causal=True,
        window=config.window,
        positions=parts.positions_of(config.positions),
        dropout=config.attention_dropout,
        use_bias=config.bias,
        kernel_initializer=parts.normal(parts.SPREAD),
        qk_norm=config.qk_norm,
        name=name,
    )


def _network(config: Config, name: str) -> FeedForward:
    how = {"use_bias": config.bias, "kernel_initializer": parts.normal(parts.SPREAD)}
    size = parts.hidden_size(config)
    if config.gated:
        return GatedFeedForward(size, activation="silu", name=name, **how)
    return FeedForward(size, activation=parts.gelu_tanh, name=name, **how)


def _norm(config: Config, name: str) -> keras.layers.Layer:
    if config.norm == "rms":
        return keras.layers.RMSNormalization(epsilon=1e-5, name=name)
    return keras.layers.LayerNormalization(epsilon=1e-5, center=config.bias, name=name)


def _shrink(branch: keras.layers.Layer, layers: int) -> None:
    """Makes a branch's last kernel smaller, so that the sum of all has the size of one."""
    attends = isinstance(branch, MultiHeadAttention)
    kernel = (branch.output_projection if attends else branch.contract).kernel
    kernel.assign(kernel * (2 * layers) ** -0.5)

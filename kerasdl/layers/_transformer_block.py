"""What the transformer's blocks share: residual branches with norm, dropout, scale and depth."""

from collections.abc import Callable
from typing import Any

import keras

from kerasdl.layers import _checks
from kerasdl.layers.feed_forward import FeedForward
from kerasdl.layers.gated_feed_forward import GatedFeedForward
from kerasdl.layers.layer_scale import LayerScale
from kerasdl.layers.multi_head_attention import MultiHeadAttention
from kerasdl.layers.stochastic_depth import StochasticDepth

_NORMS = {
    "layer": keras.layers.LayerNormalization,
    "rms": keras.layers.RMSNormalization,
}


class TransformerBlock(keras.layers.Layer):
    """Attention and a position-wise network, each a residual branch."""

    causal = False

    def __init__(
        self,
        num_heads: int,
        hidden_size: int,
        norm_first: bool = True,
        norm: str = "layer",
        epsilon: float = 1e-5,
        activation: Any = "gelu",
        gated: bool = False,
        head_size: int | None = None,
        kv_heads: int | None = None,
        window: int | None = None,
        positions: str | None = None,
        rotary_base: float = 10000.0,
        dropout: float = 0.0,
        attention_dropout: float = 0.0,
        stochastic_depth: float = 0.0,
        layer_scale: float | None = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        _checks.one_of("norm", norm, _NORMS)
        _checks.above_zero("epsilon", epsilon)
        _checks.rate("dropout", dropout)
        _checks.rate("attention_dropout", attention_dropout)
        _checks.rate("stochastic_depth", stochastic_depth)
        self.num_heads = num_heads
        self.hidden_size = hidden_size
        self.norm_first = norm_first
        self.norm = norm
        self.epsilon = epsilon
        self.activation = keras.activations.get(activation)
        self.gated = gated
        self.head_size = head_size
        self.kv_heads = kv_heads
        self.window = window
        self.positions = positions
        self.rotary_base = rotary_base
        self.dropout = dropout
        self.attention_dropout = attention_dropout
        self.stochastic_depth = stochastic_depth
        self.layer_scale = layer_scale
        self.use_bias = use_bias
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.seed = seed
        self.supports_masking = True
        self._seeds_given = 0
        self._branches: dict[str, dict[str, keras.layers.Layer]] = {}
        self.attention = self._self_attention()
        self.feed_forward = self._feed_forward()

    def _self_attention(self) -> MultiHeadAttention:
        return MultiHeadAttention(
            self.num_heads,
            causal=self.causal,
            window=self.window,
            positions=self.positions,
            rotary_base=self.rotary_base,
            **self._headed("attention"),
        )

    def _headed(self, name: str) -> dict[str, Any]:
        return {
            "head_size": self.head_size,
            "kv_heads": self.kv_heads,
            "dropout": self.attention_dropout,
            "use_bias": self.use_bias,
            "kernel_initializer": self.kernel_initializer,
            "seed": self._next_seed(),
            "dtype": self.dtype_policy,
            "name": name,
        }

    def _feed_forward(self) -> FeedForward:
        return (GatedFeedForward if self.gated else FeedForward)(
            self.hidden_size,
            activation=self.activation,
            dropout=self.dropout,
            use_bias=self.use_bias,
            kernel_initializer=self.kernel_initializer,
            seed=self._next_seed(),
            dtype=self.dtype_policy,
            name="feed_forward",
        )

    def _next_seed(self) -> int | None:
        self._seeds_given += 1
        return None if self.seed is None else self.seed + self._seeds_given

    def _add_branch(self, name: str, shape: Any) -> None:
        """Creates a branch's norm, dropout, scale and depth, as far as they are asked for."""
        policy = self.dtype_policy
        parts = {"norm": _NORMS[self.norm](epsilon=self.epsilon, dtype=policy, name=f"{name}_norm")}
        if self.dropout:
            parts["dropout"] = keras.layers.Dropout(
                self.dropout, seed=self._next_seed(), dtype=policy
            )
        if self.layer_scale is not None:
            parts["scale"] = LayerScale(self.layer_scale, dtype=policy, name=f"{name}_scale")
        if self.stochastic_depth:
            parts["depth"] = StochasticDepth(
                self.stochastic_depth, seed=self._next_seed(), dtype=policy
            )
        for part in parts.values():
            part.build(shape)
        self._branches[name] = parts

    def _branch(
        self, name: str, inputs: Any, function: Callable[[Any], Any], training: bool | None = None
    ) -> Any:
        """`inputs` plus the branch, normalized before the function or after the sum."""
        parts = self._branches[name]
        branch = function(parts["norm"](inputs) if self.norm_first else inputs)
        for part in ("dropout", "scale", "depth"):
            if part in parts:
                how = {} if part == "scale" else {"training": training}
                branch = parts[part](branch, **how)
        outputs = inputs + branch
        return outputs if self.norm_first else parts["norm"](outputs)

    def _network(self, inputs: Any, training: bool | None = None) -> Any:
        return self._branch(
            "feed_forward",
            inputs,
            lambda rows: self.feed_forward(rows, training=training),
            training,
        )

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "num_heads": self.num_heads,
            "hidden_size": self.hidden_size,
            "norm_first": self.norm_first,
            "norm": self.norm,
            "epsilon": self.epsilon,
            "activation": keras.activations.serialize(self.activation),
            "gated": self.gated,
            "head_size": self.head_size,
            "kv_heads": self.kv_heads,
            "window": self.window,
            "positions": self.positions,
            "rotary_base": self.rotary_base,
            "dropout": self.dropout,
            "attention_dropout": self.attention_dropout,
            "stochastic_depth": self.stochastic_depth,
            "layer_scale": self.layer_scale,
            "use_bias": self.use_bias,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "seed": self.seed,
        }

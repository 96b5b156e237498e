"""What self- and cross-attention with several heads share."""

import math
from typing import Any

import keras
from keras import ops

from kerasdl.backend.attention import dot_product_attention
from kerasdl.errors import UserError
from kerasdl.layers import _checks
from kerasdl.layers._dense import built_dense, fresh
from kerasdl.layers._tensors import flat, masked_softmax, padding_mask, wide


class HeadedAttention(keras.layers.Layer):
    """Heads, their products with the inputs, and the weighted mean of the values."""

    def __init__(
        self,
        num_heads: int,
        head_size: int | None,
        kv_heads: int | None,
        output_size: int | None,
        dropout: float,
        use_bias: bool,
        kernel_initializer: Any,
        bias_initializer: Any,
        seed: int | None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        _checks.positive("num_heads", num_heads)
        for name, value in (
            ("head_size", head_size),
            ("kv_heads", kv_heads),
            ("output_size", output_size),
        ):
            _checks.optional_positive(name, value)
        _checks.rate("dropout", dropout)
        if kv_heads is not None and num_heads % kv_heads:
            raise UserError(
                f"`kv_heads` must divide num_heads={num_heads}. Received: kv_heads={kv_heads}"
            )
        self.num_heads = num_heads
        self.head_size = head_size
        self.kv_heads = kv_heads
        self.output_size = output_size
        self.dropout = dropout
        self.use_bias = use_bias
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.supports_masking = True

    def _product(self, inputs: int, units: int, name: str) -> keras.layers.Dense:
        return built_dense(
            self,
            inputs,
            units,
            name,
            kernel_initializer=self.kernel_initializer,
            use_bias=self.use_bias,
            bias_initializer=fresh(self.bias_initializer),
        )

    def _build_heads(self, inputs_size: int) -> None:
        if self.head_size is None and inputs_size % self.num_heads:
            raise UserError(
                f"`num_heads` must divide the features of `inputs`, or `head_size` be given. "
                f"Received: num_heads={self.num_heads}, D={inputs_size}"
            )
        self._size = self.head_size or inputs_size // self.num_heads
        self._kv_heads = self.kv_heads or self.num_heads
        self.output_projection = self._product(
            self.num_heads * self._size, self.output_size or inputs_size, "output"
        )

    def _split(self, rows: Any, *heads: int) -> list[Any]:
        """`(B, T, sum(heads) * H)` to one `(B, T, N, H)` an entry of `heads`."""
        leading = ops.shape(rows)[:2]
        rows = ops.reshape(rows, (*leading, sum(heads), self._size))
        ends = [sum(heads[: i + 1]) for i in range(len(heads))]
        return [rows[:, :, end - size : end] for size, end in zip(heads, ends, strict=True)]

    def _join(self, heads: Any) -> Any:
        leading = ops.shape(heads)[:2]
        rows = ops.reshape(heads, (*leading, self.num_heads * self._size))
        return flat(self.output_projection, rows)

    def _attend(
        self, query: Any, key: Any, value: Any, lengths: Any = None, mask: Any = None, **how: Any
    ) -> Any:
        """The heads' outputs by the fastest route; `how` as in `dot_product_attention`."""
        padding = mask is not None and len(mask.shape) == 2
        visible = mask[:, None, None, :] if padding else mask
        outputs = dot_product_attention(query, key, value, lengths=lengths, mask=visible, **how)
        real = padding_mask(lengths, mask if padding else None, ops.shape(key)[1])
        if real is None:
            return outputs
        some = ops.reshape(ops.any(real, axis=-1), (-1, 1, 1, 1))
        return ops.where(some, outputs, ops.zeros_like(outputs))

    def _attend_by_weights(
        self, query: Any, key: Any, value: Any, bias: Any, visible: Any, training: bool | None
    ) -> tuple[Any, Any]:
        """The heads' outputs and the weights, written out: for pictures and for dropout."""
        groups = self.num_heads // self._kv_heads
        if groups > 1:
            key, value = (ops.repeat(x, groups, axis=2) for x in (key, value))
        scores = ops.einsum("btnh,bsnh->bnts", query * (1.0 / math.sqrt(self._size)), key)
        weights = masked_softmax(scores if bias is None else scores + bias, visible)
        used = ops.cast(weights, value.dtype)
        if training and self.dropout:
            used = keras.random.dropout(used, self.dropout, seed=self.seed_generator)
        return ops.einsum("bnts,bsnh->btnh", used, value), weights

    def _output_spec(self, inputs: Any, source_length: int | None, return_weights: bool) -> Any:
        size = self.output_size or inputs.shape[-1]
        output = keras.KerasTensor((*inputs.shape[:-1], size), dtype=self.compute_dtype)
        if not return_weights:
            return output
        weights_shape = (inputs.shape[0], self.num_heads, inputs.shape[1], source_length)
        return output, keras.KerasTensor(weights_shape, dtype=wide(self.compute_dtype))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "num_heads": self.num_heads,
            "head_size": self.head_size,
            "kv_heads": self.kv_heads,
            "output_size": self.output_size,
            "dropout": self.dropout,
            "use_bias": self.use_bias,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
            "seed": self.seed,
        }

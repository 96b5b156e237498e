"""A vocabulary head that yields the loss of each token without holding all logits."""

from typing import Any

import keras
from keras import ops

from kerasdl.backend.chunked_cross_entropy import head_cross_entropy
from kerasdl.errors import UserError
from kerasdl.layers import _checks


@keras.saving.register_keras_serializable(package="kerasdl")
class ChunkedCrossEntropy(keras.layers.Layer):
    """The last layer of a language model: logits on demand, and in training the loss itself.

    ```
    z     = x @ kernel.T + bias
    loss  = lse(z) - (1 - s) * z[y] - s / V * sum_k z[k] + a * lse(z) ** 2
    ```

    with `s` the label smoothing and `a` the z-loss. Called with targets, the layer walks over the
    vocabulary in chunks, forward and again backward, so that of the `(tokens, V)` logits no more
    than `(tokens, chunk_size)` exist at a time. Called without, it returns the logits. Called with
    `embed=True` it looks words up in the same kernel: a tied embedding.

    Shapes: `...` any axes (`B, T`), `D` features, `V` words. `inputs` `(..., D)`, `targets`
    integers `(...)`; the result is `(...)` with targets, `(..., V)` without. With `embed=True`
    `inputs` are integers `(...)` and the result is `(..., D)`. The kernel is `(V, D)`. The loss is
    in `float32` or wider, whatever the layer's compute type.

    Masking: passes the mask of `inputs` on. The loss and the gradient of a token whose target is
    `ignored_index` are 0.

    Cost: one product of `(tokens, D)` by `(D, V)` forward and three backward, one more than when
    logits are kept.

    Args:
        vocabulary_size: Number of words `V`.
        chunk_size: Words whose logits are held at a time; with no more words than that, all are.
        use_bias: Whether the logits have a bias.
        label_smoothing: Share in [0, 1) of the target spread evenly over the words.
        z_loss: Factor, at least 0, of the squared log-normalizer.
        ignored_index: Target of tokens that do not count, such as `-1`.
        embedding_size: Features `D`; needed only where the first call has `embed=True`.
        kernel_initializer: Of the kernel.
        bias_initializer: Of the bias.
        kernel_regularizer: Of the kernel.
        kernel_constraint: Of the kernel.

    Raises:
        ValueError: For arguments out of range, targets that are not integers, or shapes that do not
            fit.

    Differs from: `Dense(V)` followed by a cross-entropy, which holds the logits, their gradient and
        often a softmax: several times `tokens * V` numbers.

    Example:
        >>> head = ChunkedCrossEntropy(100, chunk_size=32)
        >>> head(keras.ops.ones((2, 5, 8)), targets=keras.ops.zeros((2, 5), "int32")).shape
        (2, 5)
        >>> head(keras.ops.ones((2, 5, 8))).shape
        (2, 5, 100)

        In `fit`, the targets are an input of the model and `SequenceLoss` averages what comes out:

        >>> tokens, targets = keras.Input((5,), dtype="int32"), keras.Input((5,), dtype="int32")
        >>> features = keras.layers.Embedding(100, 8)(tokens)
        >>> language_model = keras.Model([tokens, targets], head(features, targets=targets))

        The same layer gives logits to a model without targets: `head(features)`.

    Reference: Wijmans et al., 2024, https://arxiv.org/abs/2411.09009 (the idea)
    """

    def __init__(
        self,
        vocabulary_size: int,
        chunk_size: int = 4096,
        use_bias: bool = False,
        label_smoothing: float = 0.0,
        z_loss: float = 0.0,
        ignored_index: int | None = None,
        embedding_size: int | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        kernel_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        _checks.positive("vocabulary_size", vocabulary_size)
        _checks.positive("chunk_size", chunk_size)
        _checks.rate("label_smoothing", label_smoothing)
        _checks.at_least_zero("z_loss", z_loss)
        _checks.optional_positive("embedding_size", embedding_size)
        self.supports_masking = True
        self.vocabulary_size = vocabulary_size
        self.chunk_size = chunk_size
        self.use_bias = use_bias
        self.label_smoothing = label_smoothing
        self.z_loss = z_loss
        self.ignored_index = ignored_index
        self.embedding_size = embedding_size
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)
        self.kernel_constraint = keras.constraints.get(kernel_constraint)

    def build(self, input_shape: Any) -> None:
        """Creates the kernel `(V, D)`, and the bias `(V,)` where there is one."""
        width = self.embedding_size or _checks.known("inputs", input_shape, -1, "features")
        self.kernel = self.add_weight(
            shape=(self.vocabulary_size, width),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
            name="kernel",
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                shape=(self.vocabulary_size,), initializer=self.bias_initializer, name="bias"
            )

    def call(self, inputs: Any, targets: Any = None, embed: bool = False) -> Any:
        """Losses with targets, else logits; rows of the kernel with `embed=True`.

        Args:
            inputs: Features `(..., D)`; words `(...)` with `embed=True`.
            targets: Words `(...)`, integers.
            embed: Whether to look words up instead.
        """
        self._check(inputs, targets, embed)
        kernel = ops.convert_to_tensor(self.kernel)
        if embed:
            return ops.cast(ops.take(kernel, inputs, axis=0), self.compute_dtype)
        bias = None if self.bias is None else ops.convert_to_tensor(self.bias)
        if targets is None:
            logits = ops.matmul(inputs, ops.transpose(kernel))
            return logits if bias is None else logits + bias
        return head_cross_entropy(
            inputs,
            kernel,
            bias,
            targets,
            chunk_size=self.chunk_size,
            label_smoothing=self.label_smoothing,
            z_loss=self.z_loss,
            ignored_index=self.ignored_index,
        )

    def _check(self, inputs: Any, targets: Any, embed: bool) -> None:
        if embed:
            _integers("inputs", inputs)
            return
        width = self.kernel.shape[1] if self.built else self.embedding_size
        if inputs.shape[-1] != width and width is not None:
            raise UserError(
                f"`inputs` must have {width} features (axis D of (..., D)). "
                f"Received: shape={tuple(inputs.shape)}"
            )
        if targets is None:
            return
        _integers("targets", targets)
        expected, received = tuple(inputs.shape[:-1]), tuple(targets.shape)
        if len(expected) != len(received) or any(
            a != b for a, b in zip(expected, received, strict=True) if None not in (a, b)
        ):
            raise UserError(
                "`targets` must have the axes of `inputs` (..., D) without the last. "
                f"Expected: {expected}, received: {received}"
            )

    def compute_output_spec(self, inputs: Any, targets: Any = None, embed: bool = False) -> Any:
        """Shape and type of what `call` returns."""
        self._check(inputs, targets, embed)
        if embed:
            width = self.kernel.shape[1] if self.built else self.embedding_size
            return keras.KerasTensor((*inputs.shape, width), self.compute_dtype)
        if targets is None:
            return keras.KerasTensor((*inputs.shape[:-1], self.vocabulary_size), self.compute_dtype)
        dtype = keras.backend.result_type(self.compute_dtype, "float32")
        return keras.KerasTensor(tuple(targets.shape), dtype)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "vocabulary_size": self.vocabulary_size,
            "chunk_size": self.chunk_size,
            "use_bias": self.use_bias,
            "label_smoothing": self.label_smoothing,
            "z_loss": self.z_loss,
            "ignored_index": self.ignored_index,
            "embedding_size": self.embedding_size,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
            "kernel_regularizer": keras.regularizers.serialize(self.kernel_regularizer),
            "kernel_constraint": keras.constraints.serialize(self.kernel_constraint),
        }


def _integers(name: str, value: Any) -> None:
    dtype = keras.backend.standardize_dtype(value.dtype)
    if not keras.backend.is_int_dtype(dtype):
        raise UserError(f"`{name}` must be integers. Received: {dtype=!s}")

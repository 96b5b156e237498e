"""A vector for each word, read from its characters."""

from typing import Any

import keras
from keras import ops

from kerasdl.errors import UserError
from kerasdl.layers import _checks
from kerasdl.layers.lstm import LSTM

_KINDS = ("convolution", "lstm")


@keras.saving.register_keras_serializable(package="kerasdl")
class CharacterEncoder(keras.layers.Layer):
    """A vector for each word, read from its characters by a convolution or an LSTM.

    `y[b, t] = max_w relu(conv(e)[w])` over the real characters, `e` their vectors; or the last
    states of an LSTM in both directions. A word without characters gets 0.

    Shapes: `B` batch, `T` words, `W` characters of a word, `U` units. Input integers `(B, T, W)`,
    0 to the right of a word's last character; output `(B, T, U)`, or `(B, T, 2 U)` for `"lstm"`.

    Masking: characters 0 are padding; more of them change nothing.
    Cost: of a convolution `2 * kernel_size * size * U` a character, padding included.

    Args:
        vocabulary_size: Number of characters, padding included.
        size: Size of a character's vector.
        units: `U`.
        kind: `"convolution"` or `"lstm"`.
        kernel_size: Characters that the convolution sees at a time.

    Raises:
        UserError: If an argument is outside its range, or the shape does not fit.

    Differs from: `TimeDistributed` around such layers, which goes through the words one by one.

    Example:
        >>> CharacterEncoder(30, units=5)(keras.ops.ones((2, 4, 6), "int32")).shape
        (2, 4, 5)

    Reference: Ma and Hovy, 2016, https://arxiv.org/abs/1603.01354; Lample et al., 2016,
        https://arxiv.org/abs/1603.01360
    """

    def __init__(
        self,
        vocabulary_size: int,
        size: int = 32,
        units: int = 64,
        kind: str = "convolution",
        kernel_size: int = 3,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        counts = {"vocabulary_size": vocabulary_size, "size": size, "units": units}
        for name, value in {**counts, "kernel_size": kernel_size}.items():
            _checks.positive(name, value)
        _checks.one_of("kind", kind, _KINDS)
        self.vocabulary_size = vocabulary_size
        self.size = size
        self.units = units
        self.kind = kind
        self.kernel_size = kernel_size
        own = {"dtype": self.dtype_policy, "name": kind}
        self.embedding = keras.layers.Embedding(
            vocabulary_size, size, dtype=self.dtype_policy, name="embedding"
        )
        self.reader: keras.layers.Layer
        if kind == "lstm":
            self.reader = LSTM(units, bidirectional=True, **own)
        else:
            self.reader = keras.layers.Conv1D(
                units, kernel_size, padding="same", data_format="channels_last", **own
            )

    def build(self, input_shape: Any) -> None:
        """Creates the vectors of the characters and what reads them."""
        if len(input_shape) != 3:
            raise UserError(
                f"`inputs` must have shape (B, T, W). Received: shape={tuple(input_shape)}"
            )
        self.embedding.build((None, None))
        self.reader.build((None, None, self.size))

    def call(self, inputs: Any) -> Any:
        """The vectors of the words."""
        rows, words, width = ops.shape(inputs)
        characters = ops.reshape(inputs, (rows * words, width))
        encoded = self._encoded(characters)
        return ops.reshape(encoded, (rows, words, self._output_size))

    def _encoded(self, characters: Any) -> Any:
        real = ops.not_equal(characters, 0)
        vectors = self.embedding(characters)
        if self.kind == "lstm":
            return self.reader(vectors, lengths=ops.sum(ops.cast(real, "int32"), axis=1))
        real = ops.cast(ops.expand_dims(real, -1), vectors.dtype)
        # Zeros on either side of a word, whether they are its padding or the convolution's.
        return ops.max(ops.relu(self.reader(vectors * real)) * real, axis=1)

    @property
    def _output_size(self) -> int:
        return self.units * (2 if self.kind == "lstm" else 1)

    def compute_output_spec(self, inputs: Any) -> Any:
        """A vector for each word."""
        return keras.KerasTensor((*inputs.shape[:2], self._output_size), self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "vocabulary_size": self.vocabulary_size,
            "size": self.size,
            "units": self.units,
            "kind": self.kind,
            "kernel_size": self.kernel_size,
        }

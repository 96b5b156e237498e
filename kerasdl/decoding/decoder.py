"""What a model that generates offers."""

import abc
from typing import TYPE_CHECKING, Any

import keras
from keras import ops

from kerasdl.decoding import _checks

if TYPE_CHECKING:
    from kerasdl.backend.compiled import Compiled

_LARGEST_CHUNK = 64


class Decoder(abc.ABC):
    """A model's state after some tokens, and the logits of the next one.

    The one interface of everything that generates. An architecture's `decoder` names a function
    that takes the built model and returns an object of a subclass; `start` and `step` must be
    written, `prefill` and `attention` may be.

    The state is any nested structure (dicts, lists, tuples) of tensors whose first axis is the
    batch, with the same shapes and types before and after a step: beam search reorders it by rows.
    The methods are compiled: they must use `keras.ops` alone and not change `self`.

    Each row has its own positions, from 0, whatever the lengths of the other prompts: a prompt is
    never padded on its left. On its right it may be, within a call of `prefill`.

    Shapes: `B` batch, `C` steps of a chunk, `S` source steps, `V` vocabulary.

    Args:
        model: The built model; its variables are read anew at each step.
        vocabulary_size: `V`.
        max_length: Most tokens that the state has room for, prompt included; None for any number.
        chunk: At most so many tokens of a prompt are given to `prefill` at a time. Used is the
            largest divisor of `max_length` up to it, so that a chunk never reaches past the
            end; 1 where `prefill` is not overridden.

    Attributes:
        compilations: How often each part was compiled, by name; empty on PyTorch.

    Example:
        >>> class Counting(Decoder):
        ...     def start(self, inputs, batch_size):
        ...         return {"last": keras.ops.zeros((batch_size,), "int32")}
        ...     def step(self, tokens, state, position):
        ...         logits = keras.ops.one_hot((tokens + 1) % 5, 5) * 9.0
        ...         return logits, {"last": tokens}
        >>> from kerasdl.decoding import generate
        >>> generate(Counting(keras.Sequential(), 5), [[2], [0, 1]], max_new_tokens=4).best()
        [[3, 4, 0, 1], [2, 3, 4, 0]]
    """

    def __init__(
        self,
        model: keras.Model,
        vocabulary_size: int,
        max_length: int | None = None,
        chunk: int = _LARGEST_CHUNK,
    ) -> None:
        _checks.count("vocabulary_size", vocabulary_size)
        _checks.count("chunk", chunk)
        if max_length is not None:
            _checks.count("max_length", max_length)
        self.model = model
        self.vocabulary_size = vocabulary_size
        self.max_length = max_length
        if type(self).prefill is Decoder.prefill:
            chunk = 1
        self.chunk = chunk if max_length is None else _divisor(max_length, chunk)
        self._programs: dict[Any, Compiled] = {}

    @abc.abstractmethod
    def start(self, inputs: Any, batch_size: int) -> Any:
        """The state before the first token.

        Args:
            inputs: What the sequences depend on (a source text, an image), nested tensors with
                the batch first, as given to `generate`; None for a plain language model.
            batch_size: `B`.
        """

    @abc.abstractmethod
    def step(self, tokens: Any, state: Any, position: Any) -> tuple[Any, Any]:
        """One token for each row.

        Args:
            tokens: `(B,)` integers.
            state: What `start`, `prefill` or the last `step` returned.
            position: `(B,)` integers, the place of each row's token: 0 for the first.

        Returns:
            Logits of the next token `(B, V)`, and the new state.
        """

    def prefill(self, tokens: Any, lengths: Any, state: Any, position: Any) -> Any:
        """The state after several tokens of a prompt; written here for one token, by `step`.

        Rows have fewer real tokens than the chunk where their prompts are shorter, or none. A row's
        state must come out as if only its real tokens had been seen. In a cache that is read up
        to the current position, what padding leaves at later places does no harm.

        Args:
            tokens: `(B, C)`, the real tokens first, then zeros.
            lengths: `(B,)`, the number of real ones, from 0 to `C`.
            state: What `start` or the last `prefill` returned.
            position: Scalar integer, the place of the first token, the same in all rows.

        Returns:
            The new state; no logits, since a prompt's last token is always left to `step`.
        """
        real = lengths > 0
        _, after = self.step(tokens[:, 0], state, ops.zeros_like(lengths) + position)

        def keep(old: Any, new: Any) -> Any:
            shape = (-1, *([1] * (len(old.shape) - 1)))
            return ops.where(ops.reshape(real, shape), new, old)

        return keras.tree.map_structure(keep, state, after)

    def attention(self, state: Any) -> tuple[Any, Any] | None:
        """Attention weights of the last step, if the model has them and its state keeps them.

        Returns:
            Weights `(B, S)` and booleans `(B, S)`, False where the source is padding; None if there
            are none.
        """
        return None

    @property
    def compilations(self) -> dict[str, int]:
        """How often each part was compiled."""
        counts: dict[str, int] = {}
        for (name, *_), program in self._programs.items():
            if program.compilations:
                counts[name] = counts.get(name, 0) + program.compilations
        return counts


def _divisor(length: int, most: int) -> int:
    return max(size for size in range(1, min(length, most) + 1) if length % size == 0)

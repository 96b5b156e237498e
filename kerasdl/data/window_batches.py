"""Windows of one long text, anywhere in it, for `model.fit`."""

from typing import Any

import numpy as np

from kerasdl.data.batches import Batches
from kerasdl.data.sample_order import whole
from kerasdl.errors import UserError

_WINDOW_STREAM = 1 << 190
"""Counter of the words that place the windows: far from those that order samples and batches."""


class WindowBatches(Batches):
    """Serves a language model windows that begin anywhere in a text, with the tokens after each.

    Window `i` of an epoch begins at the `i`-th 64-bit word of Philox4x64-10 with key `seed` and a
    counter made of `epoch`, modulo the places there are: a pure function of seed and epoch. Passes
    of `fit`, `state` and `restore` are those of `Batches`.

    Shapes: `x` and `y` `(batch_size, context)`, int32; `y` is the token after each of `x`.

    Args:
        tokens: The text, `(length,)` integers.
        context: Tokens in a window.
        batch_size: Windows in a batch.
        steps: Batches of an epoch; None for as many as it takes to see as many tokens as there are.
        seed: Of the places, in [0, 2**64).

    Raises:
        UserError: If the text is not longer than a window, or an argument is out of range.

    Differs from: `Batches` on packed rows, where a window always begins at the same places.

    Example:
        >>> x, y = WindowBatches(np.arange(100), context=4, batch_size=2, steps=3).batch(0)
        >>> (x + 1 == y).all(), x.shape
        (np.True_, (2, 4))

    Reference: nanoGPT's `get_batch`, https://github.com/karpathy/nanoGPT
    """

    def __init__(
        self,
        tokens: np.ndarray,
        context: int,
        batch_size: int = 32,
        steps: int | None = None,
        seed: int = 0,
    ) -> None:
        self.tokens = np.asarray(tokens, np.int32)
        self.context = whole("context", context, 2**31, start=1)
        size = whole("batch_size", batch_size, 2**31, start=1)
        self._places = len(self.tokens) - self.context
        if self.tokens.ndim != 1 or self._places < 1:
            raise UserError(
                f"`tokens` must be one text of at least {context + 1} tokens. "
                f"Received: shape {self.tokens.shape}"
            )
        if steps is None:
            steps = max(1, len(self.tokens) // (self.context * size))
        super().__init__(np.arange(whole("steps", steps, 2**31, start=1) * size), None, size, seed)
        self._cached_starts: tuple[tuple[int, int], np.ndarray] | None = None

    def batch(self, index: int) -> tuple[Any, ...]:
        """Batch `index` of the current epoch: `(x, y)`."""
        if not 0 <= index < self.steps:
            raise IndexError(f"batch {index} of {self.steps}")
        starts = self._starts()[index * self.batch_size : (index + 1) * self.batch_size]
        rows = self.tokens[starts[:, None] + np.arange(self.context + 1)]
        return rows[:, :-1], rows[:, 1:]

    def _starts(self) -> np.ndarray:
        key = (self.seed, self.epoch)
        cached = self._cached_starts
        if cached is None or cached[0] != key:
            generator = np.random.Philox(
                key=self.seed, counter=(self.epoch << 192) + _WINDOW_STREAM
            )
            words = generator.random_raw(self.count) % np.uint64(self._places)
            cached = (key, words.astype(np.int64))
            self._cached_starts = cached
        return cached[1]

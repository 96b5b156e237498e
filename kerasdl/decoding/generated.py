"""The result of a generation."""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class Generated:
    """Sequences for each prompt, as tokens, with their probabilities.

    Shapes: `B` prompts, `R` sequences for each (1, `samples`, or `n_best`, best first), `N` tokens
    of the longest.

    Attributes:
        tokens: `(B, R, N)` integers, the new tokens; -1 after a sequence's end.
        lengths: `(B, R)`, new tokens, the stop token included.
        finished: `(B, R)`, whether a stop token ended the sequence; else the length did.
        token_log_probs: `(B, R, N)`, log-probability of each token by the model itself: before
            temperature, filters and penalties. 0 after the end.
        log_probs: `(B, R)`, their sums; `-inf` where a beam held fewer sequences than asked for.
        scores: `(B, R)`, what beam search ranks by; else the same as `log_probs`.
        stop: The stop tokens.

    Example:
        >>> import numpy as np
        >>> one = np.zeros((1, 1))
        >>> Generated(np.array([[[4, 7, 2]]]), one + 3, one == 0, one, one, one, (2,)).best()
        [[4, 7]]
    """

    tokens: np.ndarray
    lengths: np.ndarray
    finished: np.ndarray
    token_log_probs: np.ndarray
    log_probs: np.ndarray
    scores: np.ndarray
    stop: tuple[int, ...] = ()

    def sequences(self, keep_stop: bool = False) -> list[list[list[int]]]:
        """The new tokens of every sequence as lists, without the stop token unless it is asked for.

        Fewer than `R` for a prompt whose beam held fewer.
        """
        return [
            [
                self._tokens(row, number, keep_stop)
                for number in range(self.tokens.shape[1])
                if self.lengths[row, number]
            ]
            for row in range(len(self.tokens))
        ]

    def best(self, keep_stop: bool = False) -> list[list[int]]:
        """The new tokens of each prompt's first sequence."""
        return [self._tokens(row, 0, keep_stop) for row in range(len(self.tokens))]

    def _tokens(self, row: int, number: int, keep_stop: bool) -> list[int]:
        length = int(self.lengths[row, number])
        if self.finished[row, number] and not keep_stop:
            length -= 1
        return self.tokens[row, number, :length].tolist()

"""Sequences end to end in rows of equal length, for language models."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from kerasdl.data.sample_order import whole
from kerasdl.errors import UserError


class Packed(NamedTuple):
    """What `pack` gives.

    Shapes: `x` and `y` `(rows, context)`, int32; `y` is the token after each of `x`. `rest`:
    tokens at the end that no row holds, as input or target.
    """

    x: np.ndarray
    y: np.ndarray
    rest: int


def pack(ids: Iterable[np.ndarray], context: int, eos_id: int | None = None) -> Packed:
    """Sequences packed end to end into rows of `context`, without padding.

    The rows hold all tokens in their order; row `r` begins with the last target of row `r - 1`.
    Only what fills no row at the end is left out, at most `context - 1` tokens, and is counted.

    Args:
        ids: Sequences of token numbers.
        context: Tokens in a row, at least 1.
        eos_id: The token that ends each sequence; `None` for none.

    Raises:
        UserError: If there are not `context + 1` tokens, or a sequence is not of whole numbers.

    Example:
        >>> packed = pack([[5, 6], [7, 8, 9]], context=3, eos_id=1)
        >>> packed.x.tolist(), packed.y.tolist(), packed.rest
        ([[5, 6, 1], [7, 8, 9]], [[6, 1, 7], [8, 9, 1]], 0)
    """
    context = whole("context", context, 2**63, start=1)
    end = np.array([] if eos_id is None else [whole("eos_id", eos_id, 2**31)], np.int32)
    parts = [part for place, sequence in enumerate(ids) for part in (_tokens(sequence, place), end)]
    stream = np.concatenate(parts or [end[:0]])
    rows = (len(stream) - 1) // context
    if rows < 1:
        raise UserError(
            f"`ids` must hold at least {context + 1} tokens, a row of {context} and one to "
            f"predict. Received: {len(stream)}."
        )
    used = rows * context
    shape = (rows, context)
    return Packed(
        stream[:used].reshape(shape), stream[1 : used + 1].reshape(shape), len(stream) - used - 1
    )


def _tokens(sequence: np.ndarray, place: int) -> np.ndarray:
    tokens = np.asarray(sequence)
    if tokens.ndim != 1 or (tokens.size and tokens.dtype.kind not in "iu"):
        raise UserError(
            f"sequence {place} (counted from 0) must be of whole numbers in one dimension. "
            f"Received: shape {tokens.shape}, dtype {tokens.dtype}"
        )
    return tokens.astype(np.int32)

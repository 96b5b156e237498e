"""The order of samples in an epoch: a pure function of seed and epoch."""

import operator

import numpy as np

from kerasdl.errors import UserError


def order(seed: int, epoch: int, count: int) -> np.ndarray:
    """The order in which epoch `epoch` visits `count` samples: a permutation of 0 to count - 1.

    Sample `i` gets the `i`-th 64-bit word of Philox4x64-10 with key `seed` and a counter that
    starts at `epoch * 2**192`; the samples are visited by rising word (equal words, of
    probability `count**2 / 2**65`, by rising `i`). No state, no epoch before it: any epoch's order
    can be had at once, on every backend the same. NumPy promises the words of a bit generator to
    stay what they are (its shuffles it does not), so that a run resumed under another NumPy goes on
    in the same order.

    Args:
        seed: In [0, 2**64).
        epoch: In [0, 2**63), counted from 0.
        count: Number of samples, at least 0.

    Returns:
        An int64 array of length `count`.

    Raises:
        UserError: If an argument is not a whole number in its range.

    Example:
        >>> sorted(order(seed=0, epoch=3, count=4).tolist())
        [0, 1, 2, 3]

    Reference: Salmon et al., 2011, "Parallel random numbers: as easy as 1, 2, 3".
    """
    seed = whole("seed", seed, 2**64)
    epoch = whole("epoch", epoch, 2**63)
    count = whole("count", count, 2**63)
    words = np.random.Philox(key=seed, counter=epoch << 192).random_raw(count)
    return np.argsort(words, kind="stable")


def whole(name: str, value: int, end: int, start: int = 0) -> int:
    """`value` as an int in [start, end), or a `UserError` that names the argument."""
    try:
        number = operator.index(value)
    except TypeError:
        number = None
    if number is None or isinstance(value, bool) or not start <= number < end:
        last = f"2**{end.bit_length() - 1}" if end > 2**32 else str(end)
        rule = f"at least {start}" if end == 2**63 else f"in [{start}, {last})"
        raise UserError(f"`{name}` must be a whole number {rule}. Received: {name}={value!r}")
    return number

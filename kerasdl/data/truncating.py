"""Sequences no longer than a model's context."""

import warnings
from collections.abc import Iterable, Sequence
from typing import Any

from kerasdl.data.data_warning import DataWarning
from kerasdl.data.sample_order import whole
from kerasdl.errors import UserError

_KEPT = ("first", "last")


def truncate(
    sequences: Iterable[Sequence[Any]], longest: int, keep: str | None = "first"
) -> list[Any]:
    """The sequences, each cut to at most `longest` entries.

    Args:
        sequences: Token numbers or words.
        longest: Entries at most, at least 1.
        keep: Which end of a longer one is kept, `first` or `last`; `None` refuses longer ones.

    Raises:
        UserError: On a sequence that is too long, with `keep=None`.

    Warns:
        DataWarning: With the number of sequences that were cut, if there are any.

    Example:
        >>> truncate([[1, 2, 3], [4]], 3)
        [[1, 2, 3], [4]]
    """
    longest = whole("longest", longest, 2**63, start=1)
    if keep is not None and keep not in _KEPT:
        raise UserError(f"`keep` must be one of {', '.join(_KEPT)} or None. Received: {keep!r}")
    kept, cut, most = [], 0, longest
    for place, sequence in enumerate(sequences):
        most = max(most, len(sequence))
        if len(sequence) > longest:
            if keep is None:
                raise UserError(
                    f"a sequence may have {longest} entries at most. Received: {len(sequence)} in "
                    f"sample {place} (counted from 0)."
                )
            cut += 1
        kept.append(sequence[-longest:] if keep == "last" else sequence[:longest])
    if cut:
        warnings.warn(
            f"{cut} of {len(kept)} sequences had more than {longest} entries (the longest {most}): "
            f"their {keep} {longest} are used.",
            DataWarning,
            stacklevel=2,
        )
    return kept

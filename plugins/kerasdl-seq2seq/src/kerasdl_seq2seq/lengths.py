"""How many tokens of a row are real."""

from typing import Any

from keras import ops


def lengths_of(tokens: Any) -> Any:
    """`(B,)`, the tokens of each row that are not 0.

    Not `ops.count_nonzero`: on PyTorch that is a deprecated form, and warns.
    """
    return ops.sum(ops.cast(ops.not_equal(tokens, 0), "int32"), axis=1)

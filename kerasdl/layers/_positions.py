"""Positions of queries and keys as tensors."""

from typing import Any

from keras import ops


def from_offset(position: Any, size: Any) -> Any:
    """`position + [0, 1, ..., size - 1]`: `(T,)` for one position, `(B, T)` for one an example."""
    steps = ops.arange(size, dtype="int32")
    if isinstance(position, int):
        return steps + position
    position = ops.cast(position, "int32")
    return ops.expand_dims(position, -1) + steps if len(position.shape) else position + steps

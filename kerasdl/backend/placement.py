"""Samples that stay on the device, so that a step carries over the numbers of its rows only."""

from typing import Any

import keras
import numpy as np

_SHARE = 4  # of the free memory one part at most: the model and its activations need room


def can_place(size: int | None = None) -> bool:
    """Whether batches can be taken on the device, and so many bytes fit on it with room to spare.

    Not on TensorFlow, whose `fit` reads data through a pipeline on the host. With `size` only where
    there is a GPU: in the host's own memory nothing is gained.
    """
    backend = keras.backend.backend()
    if backend not in ("jax", "torch"):
        return False
    if size is None:
        return True
    free = _free_on_jax() if backend == "jax" else _free_on_torch()
    return size * _SHARE <= free


def place(array: np.ndarray) -> Any:
    """The array as a tensor on the device."""
    return keras.ops.convert_to_tensor(array)


def rows_of(tensor: Any, rows: np.ndarray) -> Any:
    """`tensor[rows]`, taken on the device; the plain twin is NumPy's indexing."""
    return keras.ops.take(tensor, rows.astype("int32"), axis=0)


def _free_on_jax() -> int:
    import jax

    device = jax.devices()[0]
    if device.platform == "cpu":
        return 0
    stats = device.memory_stats() or {}
    return stats.get("bytes_limit", 0) - stats.get("bytes_in_use", 0)


def _free_on_torch() -> int:
    import torch

    return torch.cuda.mem_get_info()[0] if torch.cuda.is_available() else 0

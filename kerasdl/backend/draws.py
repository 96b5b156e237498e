"""PyTorch's global random state, from which layers without a seed of their own draw there."""

import contextlib
from collections.abc import Iterator

import keras


@contextlib.contextmanager
def own_draws(seed: int | None = None) -> Iterator[None]:
    """Puts the state back afterwards; elsewhere, where layers keep their seeds, does nothing.

    Args:
        seed: What the state is meanwhile; None for as it is.
    """
    if keras.backend.backend() != "torch":
        yield
        return
    import torch

    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        if seed is not None:
            torch.manual_seed(seed)
        yield

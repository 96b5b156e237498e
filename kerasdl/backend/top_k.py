"""The largest entries of a row, equal ones by their place, on every backend."""

from typing import Any

import keras
from keras import ops

ROUTES = ("keras", "torch")


def choose_route() -> str:
    """`"torch"` on PyTorch, whose `topk` leaves open which of equal entries it returns."""
    return "torch" if keras.backend.backend() == "torch" else "keras"


def top_k(values: Any, k: int, route: str | None = None) -> tuple[Any, Any]:
    """The `k` largest entries of each row and their places, largest first, equal ones by place.

    Args:
        values: `(B, N)` without NaN; infinities count.
        k: At most `N`.
        route: One of `ROUTES`; None chooses.

    Returns:
        Values and places, `(B, k)` each.
    """
    return {"keras": _keras, "torch": _torch}[route or choose_route()](values, k)


def _keras(values: Any, k: int) -> tuple[Any, Any]:
    largest, places = ops.top_k(values, k)
    return largest, ops.cast(places, "int32")


def _torch(values: Any, k: int) -> tuple[Any, Any]:
    import torch

    last = torch.topk(values, k).values[:, -1:]
    above, equal = values > last, values == last
    room = k - above.sum(dim=1, keepdim=True)
    chosen = above | (equal & (equal.cumsum(dim=1) <= room))
    places = chosen.nonzero()[:, 1].reshape(-1, k)
    largest, order = torch.sort(values.gather(1, places), dim=1, descending=True, stable=True)
    return largest, places.gather(1, order).to(torch.int32)

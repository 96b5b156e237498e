"""The guard of a run, and what it tells at the end."""

import math
from typing import Any

from kerasdl.callbacks import LossGuard
from kerasdl.callbacks.loss_guard import described

GUARDS = ("stop", "skip", "roll-back", "off")


def run_guard(kind: str) -> LossGuard | None:
    """What watches a run's loss; a spike stops no training unless one asked to go back at spikes.

    - `stop`: a loss that is not finite ends the training; spikes are noted;
    - `skip`, `roll-back`: done for both;
    - `off`: nothing.
    """
    if kind == "off":
        return None
    if kind == "stop":
        return LossGuard("stop", spikes="note")
    wish: Any = kind.replace("-", "_")
    return LossGuard(wish, spikes=wish)


def told(guard: LossGuard | None) -> list[dict[str, Any]]:
    """The guard's events as results.json keeps them."""
    if guard is None:
        return []
    return [
        {
            **event._asdict(),
            "loss": event.loss if math.isfinite(event.loss) else str(event.loss),
            "text": described(event),
        }
        for event in guard.events
    ]

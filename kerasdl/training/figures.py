"""What each epoch's row says beside losses and metrics."""

import math
from typing import Any

import numpy as np

from kerasdl.callbacks._owners import rate_names
from kerasdl.callbacks._update_reader import UpdateReader

_SAMPLES = 5


class EpochFigures(UpdateReader):
    """Adds the learning rate and the gradient's norm to the logs of each epoch.

    Both are taken out of the training step itself, at about five steps of an epoch (at each, where
    there are fewer). `learning_rate` is the last; `gradient_norm` the mean of the norms over all
    gradients, before clipping and without loss scaling. Put it above callbacks that write logs.

    Args:
        steps: Steps of an epoch.
    """

    def __init__(self, steps: int) -> None:
        super().__init__("gradient", max(1, steps // _SAMPLES))
        self.norms: dict[int, float] = {}
        self.rates: dict[int, list[float]] = {}

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Begins anew."""
        self._names = rate_names(self.model.optimizer)
        super().on_train_begin(logs)

    def note(self, step: int, values: np.ndarray) -> None:
        """Keeps what one step says."""
        self.norms[step], *self.rates[step] = values.tolist()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Adds to the logs."""
        super().on_epoch_end(epoch, logs)
        if self.norms and logs is not None:
            rates = zip(self._names, self.rates[max(self.rates)], strict=True)
            mean = math.fsum(self.norms.values()) / len(self.norms)  # in any order the same
            for name, value in (*rates, ("gradient_norm", mean)):
                logs.setdefault(name, value)
        self.norms, self.rates = {}, {}

    def state(self) -> dict[str, Any]:
        """What this epoch has shown so far."""
        self.read_all()
        return {
            "norms": {str(step): norm for step, norm in self.norms.items()},
            "rates": {str(step): rates for step, rates in self.rates.items()},
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Goes on in the middle of an epoch."""
        self.norms = {int(step): norm for step, norm in state["norms"].items()}
        self.rates = {int(step): rates for step, rates in state["rates"].items()}

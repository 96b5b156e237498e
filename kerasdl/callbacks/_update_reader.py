"""The base of callbacks that read something about every n-th update."""

from typing import Any

import keras
import numpy as np

from kerasdl.callbacks._step_reader import StepReader
from kerasdl.callbacks._step_tap import Reading, accumulated


class UpdateReader(StepReader):
    """Reads one result of the training step at every n-th update.

    A subclass implements `note`.

    Args:
        kind: What is read, as `Reader.wants` names it; its first number is -1 where nothing is due.
        every: Updates from one measurement to the next.
    """

    def __init__(self, kind: str, every: int) -> None:
        super().__init__()
        self.every = every
        self.wants = frozenset({(kind, every)})
        self._kind = kind

    def note(self, step: int, values: np.ndarray) -> None:
        """Takes one measurement."""
        raise TypeError(f"{type(self).__name__} must define `note`.")

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Opens the tap."""
        self._per_update = accumulated(self.model.optimizer)
        self._offset: int | None = 0
        super().on_train_begin(logs)

    def due(self, step: int) -> bool:
        """Every n-th update, as the step itself counts them."""
        if step % self._per_update != self._per_update - 1:
            return False
        return self._offset is None or (step // self._per_update - self._offset) % self.every == 0

    def read(self, reading: Reading) -> None:
        """Notes one measurement."""
        found = keras.ops.convert_to_numpy(reading.results[self._kind])
        values = np.asarray(found, "float64")
        measured = values.flat[0] != -1
        # Where updates were left out, the step's count lags behind ours: find it again.
        self._offset = (reading.step // self._per_update) % self.every if measured else None
        if measured:
            self.note(reading.step, values)

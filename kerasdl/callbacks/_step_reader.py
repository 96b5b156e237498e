"""The base of callbacks that read the training step's own results."""

import threading
from collections import deque
from collections.abc import Callable
from typing import Any

import keras

from kerasdl.callbacks._step_tap import Reading, StepTap, attach
from kerasdl.callbacks._step_watch import Wants


class StepReader(keras.callbacks.Callback):
    """Reads results of the training step when its batch has ended.

    On JAX that is in another thread, so that the training does not wait for the device; every
    reading is given to `read` once, one at a time, in any order.

    A subclass sets `wants`, and implements `due` and `read`.
    """

    async_safe = True
    wants: Wants = frozenset()

    def __init__(self) -> None:
        super().__init__()
        self._tap: StepTap | None = None
        self._readings: deque[Reading] = deque()
        self._reading = threading.RLock()

    def due(self, step: int) -> bool:
        """Whether the results of this step are wanted."""
        return True

    def read(self, reading: Reading) -> None:
        """Looks at the results; here the host waits for them."""
        raise TypeError(f"{type(self).__name__} must define `read`.")

    def receive(self, reading: Reading) -> None:
        """Called by the tap."""
        self._readings.append(reading)

    def around(self, call: Callable[..., Any], *args: Any) -> Any:
        """Called by the tap."""
        return call(*args)

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Opens the tap."""
        self._readings.clear()
        self._tap = attach(self.model, self)

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Reads one result, if there is one."""
        with self._reading:
            if self._readings:
                self.read(self._readings.popleft())

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Reads what is left."""
        self.read_all()

    def read_all(self) -> None:
        """Reads what steps have given so far."""
        with self._reading:
            while self._readings:
                self.read(self._readings.popleft())

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Closes the tap."""
        if self._tap is not None:
            self._tap.detach(self)
            self._tap = None

"""How long a run trains, over all its pieces."""

import time
from typing import Any

import keras


class Clock(keras.callbacks.Callback):
    """Seconds of training, and those of the first step, in which the step is compiled."""

    async_safe = True  # reads no figure

    def __init__(self) -> None:
        super().__init__()
        self.first_step = 0.0
        self._before = 0.0
        self._begun = time.perf_counter()
        self._step_begun: float | None = None

    @property
    def seconds(self) -> float:
        """So far."""
        return self._before + time.perf_counter() - self._begun

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Starts timing the first step: on JAX the second begins before its end is heard of."""
        if self._step_begun is None:
            self._step_begun = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Ends timing it."""
        if not self.first_step and self._step_begun is not None:
            self.first_step = time.perf_counter() - self._step_begun

    def state(self) -> dict[str, Any]:
        """Seconds so far."""
        return {"seconds": self.seconds}

    def restore(self, state: dict[str, Any]) -> None:
        """Adds what came before; this piece compiles its own first step."""
        self._before = state["seconds"]

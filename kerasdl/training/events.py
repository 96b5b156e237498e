"""Tells plugins what happens in a run."""

from typing import Any

import keras

from kerasdl.plugin import host


class RunEvents(keras.callbacks.Callback):
    """Calls the hooks; a plugin that raises is left out for the rest of the run.

    Args:
        run: The run, as hooks receive it.
    """

    def __init__(self, run: Any) -> None:
        super().__init__()
        self.run = run
        self.failures: list[str] = []

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """`kerasdl_before_fit`."""
        self.failures += host().event("kerasdl_before_fit", run=self.run)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """`kerasdl_after_epoch`."""
        figures = {name: float(value) for name, value in (logs or {}).items()}
        self.failures += host().event(
            "kerasdl_after_epoch", run=self.run, epoch=epoch + 1, logs=figures
        )

    def after_fit(self, figures: dict[str, float]) -> None:
        """`kerasdl_after_fit`, when the model is saved."""
        self.failures += host().event("kerasdl_after_fit", run=self.run, logs=figures)

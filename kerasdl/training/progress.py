"""How far a run is: a bar on a terminal or in a notebook, plain lines elsewhere."""

import threading
import time
from collections.abc import Mapping
from typing import Any

import keras

from kerasdl.numbers import short
from kerasdl.training.displays import live_display
from kerasdl.training.pace import Pace, clock, per_second

_REFRESH = 0.1  # seconds between two looks of a bar
_SILENCE = 30.0  # and between two lines, where there is no bar
_LEFT_OUT = ("learning_rate", "gradient_norm")  # they stand in metrics.csv
_COMPILED = 1.0  # a first step that takes longer is worth a word
_SHORT = 60.0  # a first epoch that takes less says nothing about the rate


class Progress(keras.callbacks.Callback):
    """Steps, rate, time left, loss and metrics; one line an epoch stays.

    Time left is that of the steps that are left, at the mean pace since this process's first step:
    so it does not count compilation, and is right from the start where a run goes on.

    Args:
        epochs: Epochs in all.
        steps: Steps an epoch.
    """

    async_safe = True

    def __init__(self, epochs: int, steps: int) -> None:
        super().__init__()
        self.epochs = epochs
        self.steps = steps
        self._live = live_display(epochs * steps)
        self._pace = Pace(epochs * steps)
        self._epoch = self._offset = self._in_epoch = 0
        self._compiling = True
        self._moving = threading.Lock()  # JAX's batches end in several threads
        self._shown = self._epoch_started = self._trained = time.perf_counter()

    def state(self) -> dict[str, Any]:
        """Where in its epoch the training is."""
        return {"epoch": self._epoch, "batch": self._in_epoch}

    def restore(self, state: dict[str, Any]) -> None:
        """Goes on in the middle of an epoch, whose batches Keras counts from 0 again."""
        if state["epoch"] == self._epoch:
            self._offset = state["batch"]

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Shows the bar, or says what is to come."""
        self._pace = Pace(self.epochs * self.steps)
        self._compiling = True
        if self._live is not None:
            self._live.start()
        else:
            print(f"{_count(self.epochs, 'epoch')} of {_count(self.steps, 'step')}", flush=True)

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Notes the epoch."""
        self._epoch, self._offset, self._in_epoch = epoch, 0, 0
        self._epoch_started = self._trained = time.perf_counter()

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Notes when the first step begins."""
        self._pace.begin()

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Moves the bar, ten times a second at most; writes a line where there is none for long."""
        with self._moving:
            now = time.perf_counter()
            self._in_epoch = max(self._in_epoch, self._offset + batch + 1)
            pause = _SILENCE if self._live is None else _REFRESH
            silent = now - self._shown < pause
            if silent and self._pace.first_step is not None:
                return
            done = self._epoch * self.steps + self._in_epoch
            self._pace.reached(done)
            if not silent:
                self._shown = now
                self._tell(done, logs)

    def on_test_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Notes that the epoch's steps are done."""
        self._trained = time.perf_counter()
        if self._live is not None:
            done = (self._epoch + 1) * self.steps
            self._live.show(done, self._title(), ["validating"])

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Prints the epoch's line."""
        now = time.perf_counter()
        done = (epoch + 1) * self.steps
        self._pace.reached(done)
        line = "  ".join([self._title(), *_figures(logs), *self._times(now, done)])
        self._shown = now
        if self._live is not None:
            self._live.show(done, self._title(), [])
            self._live.print(line)
        else:
            print(line, flush=True)

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Takes the bar away."""
        self.close()

    def close(self) -> None:
        """Gives the terminal back; also when training was interrupted."""
        if self._live is not None:
            self._live.stop()

    def _tell(self, done: int, logs: Mapping[str, Any] | None) -> None:
        step = f"step {self._in_epoch:,}/{self.steps:,}"
        rate, left = self._pace.rate(), self._pace.left(done)
        times = [per_second(rate)] if rate else []
        times += [] if left is None else [f"{clock(left)} left"]
        if self._live is not None:
            self._live.show(done, self._title(), [*times, step, *_figures(logs)])
        else:
            print("  ".join([self._title(), step, *_figures(logs), *times]), flush=True)

    def _times(self, now: float, done: int) -> list[str]:
        """What the epoch took, and its steps a second without validation and compilation."""
        left = self._pace.left(done)
        until = "" if done >= self._pace.total or left is None else f"{clock(left)} left"
        took = now - self._epoch_started
        trained = self._trained if self._trained > self._epoch_started else now
        steps = self._in_epoch - self._offset
        seconds = trained - self._epoch_started
        times = [f"{took:.1f} s"]
        if self._compiling:
            self._compiling = False
            self._pace.warm(done)
            first = self._pace.first_step or 0.0
            steps, seconds = steps - 1, seconds - first
            until = until and f"at most {until}"
            if first > _COMPILED:
                times[0] += f" (first step {first:.1f} s)"
            if took < _SHORT:  # most of it was compilation
                return [*times, *filter(None, [until])]
        if steps > 0 and seconds > 0:
            times.append(per_second(steps / seconds))
        return [*times, *filter(None, [until])]

    def _title(self) -> str:
        width = len(str(self.epochs))
        return f"epoch {self._epoch + 1:>{width}}/{self.epochs}"


def _figures(logs: Mapping[str, Any] | None) -> list[str]:
    """Loss first; training before validation."""
    names = [name for name in logs or {} if not name.startswith(_LEFT_OUT)]
    names.sort(key=lambda name: (name.startswith("val_"), name.removeprefix("val_") != "loss"))
    return [f"{name} {short(float((logs or {})[name]))}" for name in names]


def _count(number: int, unit: str) -> str:
    return f"{number:,} {unit}{'' if number == 1 else 's'}"

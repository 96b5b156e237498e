"""A training that goes on where it was killed."""

import os
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import keras

from kerasdl.backend.first_epoch import set_first_epoch
from kerasdl.backend.random_state import base_seed, begin_epoch
from kerasdl.callbacks._checks import check_count, check_positive
from kerasdl.callbacks._training_state import (
    restore_training_state,
    restore_variables,
    training_state,
)
from kerasdl.checkpoints.background import BackgroundWriter
from kerasdl.checkpoints.callback_states import restore_callbacks
from kerasdl.checkpoints.files import Snapshot
from kerasdl.checkpoints.folder import CheckpointFolder
from kerasdl.disk import disk_errors
from kerasdl.errors import UserError
from kerasdl.folder_lock import FolderLock
from kerasdl.version import __version__

_SHARE = 50
"""A checkpoint's cost to the training, times this, passes at least before the next by the clock."""


class ResumableCheckpoint(keras.callbacks.Callback):
    """Saves the whole state of a training as it goes; the same `fit` called again goes on from it.

    A checkpoint is the state before a batch: variables of the model (with the seeds of its layers),
    the optimizer and the metrics, states of `callbacks`, the place in the data, random states of
    the process, versions. A training that was killed at any moment and fitted again, in a new
    process, ends with the weights, bit for bit, of one that never was, where its steps themselves
    are repeatable (`kerasdl.backend.determinism`). Put it last in the list.

    - With `data`, a `kerasdl.data.Batches` that is also the `x` of `fit`, it goes on at the very
      batch. Keras then says that the data of that epoch ran out early; that warning is held back.
    - On PyTorch its global draws begin anew in each epoch, from its seed and the epoch's number.
    - Without `data`, and with more than one step an execution, it saves and goes on at beginnings
      of epochs alone, as Keras cannot start in the middle of one; which order raw arrays get from
      there is Keras's affair.

    A checkpoint is written in another thread beside the training, which waits only for a copy of
    the state. It is a folder that is there whole or not at all, with checksums; the newest that is
    damaged is passed over with a warning. Where the disk refuses, the training goes on and a
    warning says since when nothing was saved. A lock keeps a second process out of the folder.

    Callbacks may say what they are by `state()`, a dict of plain values and arrays, and
    `restore(state)`; of others (`EarlyStopping`, `ReduceLROnPlateau`) the public attributes are
    kept. They get it back before the first batch, after their own `on_train_begin`. One whose
    `is_settled()` is false is about to undo something: nothing is saved before it has.

    Args:
        folder: Folder for the checkpoints, of this training alone.
        data: The batches that `fit` is given.
        callbacks: The other callbacks of this `fit` that remember something.
        every_steps: Save after so many steps; None: by the clock alone.
        every_seconds: Save after so long, but a fiftieth of the time at most is spent on it.
            None: by steps alone.
        keep: How many of the newest stay.
        monitor: Figure of an epoch's logs; the checkpoint after the best epoch stays too.
        mode: Whether a good figure is small or large: `min` or `max`.

    Raises:
        UserError: If an argument is out of its range; in `fit`, if another process trains into the
            folder or the checkpoint is of another model.

    Differs from: `keras.callbacks.BackupAndRestore`, which forgets the place in the data, callbacks
    and random states, and overwrites its only file in place. `ModelCheckpoint` saves the model.

    Example:
        >>> batches = kerasdl.data.Batches(x, y, batch_size=32)
        >>> stopping = keras.callbacks.EarlyStopping(patience=5)
        >>> checkpoint = ResumableCheckpoint("checkpoints", batches, [stopping])
        >>> checked = {"validation_data": (x, y), "callbacks": [stopping, checkpoint]}
        >>> history = model.fit(batches, epochs=100, **checked)
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        data: Any = None,
        callbacks: Sequence[keras.callbacks.Callback] = (),
        every_steps: int | None = None,
        every_seconds: float | None = 30.0,
        keep: int = 2,
        monitor: str | None = None,
        mode: Literal["min", "max"] = "min",
    ) -> None:
        super().__init__()
        if every_steps is not None:
            check_count("every_steps", every_steps)
        if every_seconds is not None:
            check_positive("every_seconds", every_seconds)
        check_count("keep", keep)
        if mode not in ("min", "max"):
            raise UserError(f"`mode` must be 'min' or 'max'. Received: mode={mode!r}")
        if data is not None and not hasattr(data, "restore"):
            raise UserError(
                "`data` must be batches that know their place, such as kerasdl.data.Batches. "
                f"Received: {type(data).__name__}; leave it out to go on at epochs"
            )
        self.folder = CheckpointFolder(Path(folder), keep)
        self.data = data
        self.callbacks = callbacks
        self.every_steps = every_steps
        self.every_seconds = every_seconds
        self.keep = keep
        self.monitor = monitor
        self.mode = mode
        self.best: float | None = None
        self.begun_at: dict[str, int] = {"epoch": 0, "batch": 0, "step": 0}
        self._leaving = False
        self._lock: FolderLock | None = None

    def leave(self) -> None:
        """Saves before the next batch, then raises KeyboardInterrupt; for signal handlers."""
        self._leaving = True

    def newest(self) -> Snapshot | None:
        """The newest sound checkpoint in the folder, if there is one."""
        found = self.folder.newest()
        for reason in found.passed_over:
            warnings.warn(
                f"a checkpoint is damaged and passed over for an older one: {reason}", stacklevel=3
            )
        return found.snapshot

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Locks the folder, and finds out where to go on."""
        with disk_errors(self.folder.path):
            self.folder.path.mkdir(parents=True, exist_ok=True)
        self._lock = FolderLock(self.folder.path)
        self._writer = BackgroundWriter(self.folder)
        self._quiet: warnings.catch_warnings | None = None
        try:
            self._begin()
        except BaseException:
            self.close()
            raise

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Notes the epoch."""
        self._epoch, self._epoch_step = epoch, self._step
        self._first = self.begun_at["batch"] if epoch == self.begun_at["epoch"] else 0

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Restores before the first batch; saves when it is time."""
        if batch == 0:
            begin_epoch(self._seed, self._epoch)
        if self._restoring is not None:
            self._restore(self._restoring)
            self._restoring = None
        if self._is_beyond(batch):
            # What Keras takes for the end of the data. TensorFlow would begin a step without any,
            # and count it.
            raise StopIteration
        self._step = self._epoch_step + batch
        due = (batch == 0 or self._in_middle) and self._is_due(batch)
        settled = not due or self._are_settled()
        if due and settled:
            self._save(batch)
        if self._leaving and settled:
            self._writer.wait()
            raise KeyboardInterrupt
        self._step += 1

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Sees whether the epoch was the best."""
        self._let_warnings_through()
        self._epoch = epoch + 1
        value = None if self.monitor is None else (logs or {}).get(self.monitor)
        if value is None or value != value:
            return
        sign = 1 if self.mode == "min" else -1
        self._improved = self.best is None or sign * value < sign * self.best
        if self._improved:
            self.best = float(value)

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Saves the end, so that the same `fit` does nothing more."""
        if self._restoring is None:
            self._first = 0
            self._writer.wait()
            self._save(0, ended=True)
        self._restoring = None
        self.close()

    def close(self) -> None:
        """Waits for what is being written, and unlocks; for a `fit` that was broken off."""
        if self._lock is None:
            return
        self._let_warnings_through()
        self._writer.wait()
        self._tell(self._writer.news())
        self._lock.release()
        self._lock = None
        set_first_epoch(self.model, None)

    def _begin(self) -> None:
        self.folder.clean()
        self._in_middle = self.data is not None and self.model.steps_per_execution == 1
        self._leaving, self._improved, self.best = False, False, None
        self._cost, self._saved_at = 0.0, time.monotonic()
        self.begun_at = {"epoch": 0, "batch": 0, "step": 0}
        self._seed = base_seed()
        self._restoring = self.newest()
        if self._restoring is not None:
            self._go_on(self._restoring)
        self._step = self._saved_step = self.begun_at["step"]

    def _go_on(self, snapshot: Snapshot) -> None:
        about = snapshot.about
        self.best, self._seed = about["best"], about["seed"]
        model = self.model
        restore_variables(model, snapshot)
        self.begun_at = {name: about[name] for name in ("epoch", "batch", "step")}
        set_first_epoch(model, self.params["epochs"] if about["ended"] else about["epoch"])
        self._restore_data(about)
        if about["ended"]:  # there is no first batch to wait for
            restore_callbacks(self.callbacks, snapshot.arrays, about["callbacks"])
        if about["batch"]:
            self._quiet = warnings.catch_warnings()
            self._quiet.__enter__()
            warnings.filterwarnings("ignore", message="Your input ran out of data")

    def _restore_data(self, about: Any) -> None:
        if self.data is None or not self._in_middle:
            if about["batch"]:
                raise UserError(
                    f"the checkpoint is of batch {about['batch']} of epoch {about['epoch']}: give "
                    "the batches of `fit` as `data` too, and one step an execution"
                )
            return
        if about["data"] is None:
            return
        if about["samples"] != self.data.count:
            raise UserError(
                f"the checkpoint was made on {about['samples']} samples. Received: "
                f"{self.data.count}; go on with the same data, or begin in another folder"
            )
        self.data.restore(about["data"])

    def _restore(self, snapshot: Snapshot) -> None:
        batch = self.data.batch(0) if snapshot.about["batch"] else None
        restore_training_state(self.model, self.callbacks, snapshot, batch)

    def _is_beyond(self, batch: int) -> bool:
        """Whether there is no such batch, in an epoch that began in its middle."""
        return self._in_middle and self._first + batch >= self.data.steps

    def _is_due(self, batch: int) -> bool:
        if self._step == self._saved_step:
            return False
        if self._leaving:
            self._writer.wait()
            return True
        elapsed = time.monotonic() - self._saved_at
        pause = _SHARE * self._cost
        by_step = self.every_steps is not None and self._step % self.every_steps == 0
        by_clock = self.every_seconds is not None and elapsed >= max(self.every_seconds, pause)
        by_merit = batch == 0 and self._improved and elapsed >= pause
        if not (by_step or by_clock or by_merit):
            return False
        self._tell(self._writer.news())
        if self._writer.busy:
            self._tell(self._writer.slow(max(2 * (self.every_seconds or 0.0), 60.0)))
            return False
        return True

    def _are_settled(self) -> bool:
        """Whether no other callback is about to undo what would be saved."""
        asked = (getattr(callback, "is_settled", None) for callback in self.callbacks)
        return all(is_settled() for is_settled in asked if is_settled is not None)

    def _save(self, batch: int, ended: bool = False) -> None:
        model = self.model
        keras.ops.convert_to_numpy(model.optimizer.iterations)  # waits for steps under way
        begun = time.monotonic()
        snapshot = self._snapshot(model, batch, ended)
        self._writer.write(snapshot, self._step, self._improved and batch == 0)
        self._saved_at, self._saved_step = time.monotonic(), self._step
        self._cost = self._saved_at - begun
        self._improved = False

    def _snapshot(self, model: keras.Model, batch: int, ended: bool) -> Snapshot:
        arrays, state = training_state(model, self.callbacks)
        about = {
            "epoch": self._epoch,
            "batch": self._first + batch,
            "step": self._step,
            "ended": ended,
            "best": self.best,
            "data": self.data.state(batch) if self._in_middle else None,
            "samples": self.data.count if self._in_middle else None,
            "seed": self._seed,
            "kerasdl": __version__,
            "keras": keras.__version__,
            "backend": keras.backend.backend(),
        }
        return Snapshot(arrays, about | state)

    def _let_warnings_through(self) -> None:
        if self._quiet is not None:
            self._quiet.__exit__(None, None, None)
            self._quiet = None

    def _tell(self, message: str) -> None:
        if message:
            warnings.warn(message, stacklevel=3)

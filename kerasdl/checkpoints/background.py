"""Checkpoints written while the training goes on."""

import threading
import time

from kerasdl.checkpoints.files import Snapshot
from kerasdl.checkpoints.folder import CheckpointFolder
from kerasdl.disk import refusal


class BackgroundWriter:
    """Writes one checkpoint at a time in another thread; a failure is told, never raised.

    Args:
        folder: Where to.
    """

    def __init__(self, folder: CheckpointFolder) -> None:
        self.folder = folder
        self._thread: threading.Thread | None = None
        self._good = time.time(), 0
        self._failure = ""
        self._told = ""

    @property
    def busy(self) -> bool:
        """Whether the last one is still being written."""
        return self._thread is not None and self._thread.is_alive()

    def write(self, snapshot: Snapshot, step: int, best: bool) -> None:
        """Begins to write; nothing may be being written."""
        self._thread = threading.Thread(
            target=self._write, args=(snapshot, step, best), name="kerasdl-checkpoint"
        )
        self._thread.start()

    def wait(self) -> None:
        """Returns when nothing is being written."""
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def news(self) -> str:
        """What the user should hear of and has not heard yet: it fails, or it works again."""
        failure = self._failure
        if failure == self._told:
            return ""
        self._told = failure
        when, step = self._good
        if not failure:
            return f"checkpoints are written again, from step {step} on"
        since = time.strftime("%H:%M:%S", time.localtime(when))
        return (
            f"no checkpoint can be written into {self.folder.path}: {failure}. Nothing has been "
            f"saved since {since} (step {step}); the training goes on"
        )

    def slow(self, seconds: float) -> str:
        """A message if the one being written has taken longer than so many seconds."""
        when, step = self._good
        waited = time.time() - when
        if waited < seconds:
            return ""
        return (
            f"a checkpoint is still being written into {self.folder.path} after {waited:.0f} s; "
            f"the newest whole one is of step {step}"
        )

    def _write(self, snapshot: Snapshot, step: int, best: bool) -> None:
        try:
            self.folder.write(snapshot, step, best)
        except OSError as error:
            self._failure = refusal(error)
        except Exception as error:  # in a thread of its own nobody would hear of it
            self._failure = f"{type(error).__name__}: {error}"
        else:
            self._good, self._failure = (time.time(), step), ""

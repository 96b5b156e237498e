"""A run's checkpoints: the last few, and the best."""

import re
from pathlib import Path
from typing import NamedTuple

from kerasdl.checkpoints.files import (
    DamagedCheckpoint,
    Snapshot,
    read_checkpoint,
    remove_checkpoint,
    write_checkpoint,
)
from kerasdl.disk import remove_parts

_NAME = re.compile(r"step-(\d{10})(-best)?")


class Found(NamedTuple):
    """The newest sound checkpoint, and why newer ones were passed over."""

    snapshot: Snapshot | None
    passed_over: list[str]


class CheckpointFolder:
    """Checkpoints of one training, named by the steps before them.

    Args:
        path: The folder; made when the first is written.
        keep: How many of the newest stay, beside the best.
    """

    def __init__(self, path: Path, keep: int = 2) -> None:
        self.path = path
        self.keep = keep

    def write(self, snapshot: Snapshot, step: int, best: bool = False) -> Path:
        """Writes a checkpoint, then removes those that no longer stay.

        Raises:
            OSError: If the disk refuses.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        path = self.path / f"step-{step:010d}{'-best' if best else ''}"
        write_checkpoint(snapshot, path)
        for old in self._superseded():
            remove_checkpoint(old)
        return path

    def newest(self) -> Found:
        """The newest checkpoint that is whole."""
        passed_over = []
        for path in reversed(self.paths()):
            try:
                return Found(read_checkpoint(path), passed_over)
            except DamagedCheckpoint as error:
                passed_over.append(str(error))
        return Found(None, passed_over)

    def paths(self) -> list[Path]:
        """All checkpoints, the newest last."""
        if not self.path.is_dir():
            return []
        return sorted(path for path in self.path.iterdir() if _NAME.fullmatch(path.name))

    def clean(self) -> None:
        """Removes what a process that was killed left half-written."""
        remove_parts(self.path)

    def _superseded(self) -> list[Path]:
        paths = self.paths()
        best = [path for path in paths if path.name.endswith("-best")]
        return [path for path in paths[: -self.keep] if path not in best[-1:]]

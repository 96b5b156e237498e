"""A run's folder: claimed whole."""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from kerasdl.disk import PART, disk_errors
from kerasdl.errors import UserError
from kerasdl.folder_lock import LOCK, is_locked

CHECKPOINTS = "checkpoints"
"""Folder of a run's checkpoints, in the run's folder."""


def claim(path: str | Path | None, stem: str) -> Path:
    """Creates the run's folder; it must not exist, or hold what a killed start left alone.

    Args:
        path: The folder asked for, or None for the first free `runs/STEM-NUMBER`.
        stem: Beginning of the name that is made up.

    Raises:
        UserError: If the folder exists or cannot be made.
    """
    if path is not None:
        folder = Path(path)
        with disk_errors(folder):
            try:
                folder.mkdir(parents=True)
            except FileExistsError:
                if _is_left_behind(folder):
                    return folder
                raise UserError(
                    f"`run-dir` must not exist yet. Received: {folder}. Choose another, or go on "
                    f"with the run in it: kerasdl resume {folder}"
                ) from None
        return folder
    number = 1
    while True:
        folder = Path("runs") / f"{stem}-{number}"
        with disk_errors(folder):
            try:
                folder.mkdir(parents=True)
                return folder
            except FileExistsError:
                number += 1


@contextlib.contextmanager
def discarded_unless(folder: Path, *proofs: str) -> Iterator[None]:
    """Removes the folder when an error ends the run before one of these files in it is there."""
    try:
        yield
    except BaseException:
        if not any(any(folder.glob(proof)) for proof in proofs):
            shutil.rmtree(folder, ignore_errors=True)
        raise


def _is_left_behind(folder: Path) -> bool:
    """Whether a process was killed here before it could say what it was going to do."""
    if not folder.is_dir() or is_locked(folder):
        return False
    names = [path.name for path in folder.iterdir()]
    return bool(names) and all(name == LOCK or name.startswith(PART) for name in names)

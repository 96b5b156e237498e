"""A run's folder: claimed whole, written file by file without half-written ones."""

import contextlib
import errno
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from kerasdl.errors import UserError

_REASONS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EROFS: "the file system is read-only",
    errno.EACCES: "permission is denied",
    errno.EPERM: "permission is denied",
    errno.EFBIG: "the file would be larger than allowed",
    errno.ENOTDIR: "a part of the path is a file",
}


def claim(path: str | Path | None, stem: str) -> Path:
    """Creates the run's folder; it must not exist.

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
                raise UserError(
                    f"`run-dir` must not exist yet. Received: {folder}. Choose another"
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
def discarded_unless(folder: Path, proof: str) -> Iterator[None]:
    """Removes the folder when an error ends the run before `proof`, a file in it, was written."""
    try:
        yield
    except BaseException:
        if not (folder / proof).exists():
            shutil.rmtree(folder, ignore_errors=True)
        raise


@contextlib.contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turns what the disk refuses into a message for the user."""
    try:
        yield
    except OSError as error:
        if error.errno in _REASONS:
            raise UserError(f"cannot write {path}: {_REASONS[error.errno]}") from error
        raise


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Calls `write` with a temporary path beside `path`, then renames: all or nothing.

    Raises:
        UserError: If the disk refuses.
    """
    with disk_errors(path):
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".part-", suffix=path.suffix)
        os.close(handle)
        part = Path(name)
        try:
            write(part)
            with open(part, "rb+") as file:
                os.fsync(file.fileno())
            part.chmod(0o644)
            os.replace(part, path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise

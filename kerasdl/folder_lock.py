"""One training to a folder."""

import contextlib
import errno
import os
from pathlib import Path
from typing import Any

from kerasdl.disk import disk_errors
from kerasdl.errors import UserError

LOCK = ".lock"
"""The file whose lock it is; gone with the training, unless that was killed."""
_held: dict[Path, Any] = {}
"""Open lock files of this process: within it a newer training takes a folder over."""


class FolderLock:
    """Keeps other processes from training into a folder.

    The system holds the lock for the process and lets it go with it, however it ends.

    Args:
        folder: An existing folder.

    Raises:
        UserError: If another process holds it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        if self.folder in _held:
            return
        file = _opened(self.folder / LOCK)
        while _holds(file) and not _is_there(file, self.folder / LOCK):
            file.close()  # whoever held it removed it after it was opened here
            file = _opened(self.folder / LOCK)
        if not _holds(file):
            file.seek(0)
            holder = file.read().strip()
            file.close()
            named = f" {holder}" if holder.isdigit() else ""
            raise UserError(
                f"{folder} is being written by another process{named}. Wait for it, end it, or "
                "choose another folder"
            )
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        _held[self.folder] = file

    def release(self) -> None:
        """Lets others in; again is harmless."""
        file = _held.pop(self.folder, None)
        if file is not None:
            with contextlib.suppress(OSError):
                os.unlink(self.folder / LOCK)
            file.close()


def is_locked(folder: Path) -> bool:
    """Whether a process, this one or another, is training into a folder."""
    if folder.resolve() in _held:
        return True
    if not (folder / LOCK).is_file():
        return False
    try:
        file = _opened(folder / LOCK)
    except OSError:
        return False
    with file:
        return not _holds(file)


def _opened(path: Path) -> Any:
    with disk_errors(path):
        return open(path, "a+", encoding="utf-8")  # noqa: SIM115


def _is_there(file: Any, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), os.stat(path))
    except OSError:
        return False


def _holds(file: Any) -> bool:
    """Takes the lock if it is free; again is harmless. It lasts until the file is closed."""
    try:
        if os.name == "nt":
            import msvcrt

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        # A file system without locks lets everybody in.
        return error.errno not in (errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK)
    return True

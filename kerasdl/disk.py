"""Files written whole or not at all, and what a disk refuses in words."""

import contextlib
import errno
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from kerasdl.errors import UserError

PART = ".part-"
"""Beginning of the names of what is not whole yet, or being removed."""
_REASONS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EROFS: "the file system is read-only",
    errno.EACCES: "permission is denied",
    errno.EPERM: "permission is denied",
    errno.EFBIG: "the file would be larger than allowed",
    errno.ENOTDIR: "a part of the path is a file",
}


def refusal(error: OSError) -> str:
    """Why the disk refused, in words."""
    return _REASONS.get(error.errno or 0, error.strerror or str(error))


@contextlib.contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turns what the disk refuses into a message for the user."""
    try:
        yield
    except OSError as error:
        if error.errno in _REASONS:
            raise UserError(f"cannot write {path}: {refusal(error)}") from error
        raise


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Calls `write` with a temporary path beside `path`, then renames: all or nothing.

    Raises:
        UserError: If the disk refuses.
    """
    with disk_errors(path):
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=PART, suffix=path.suffix)
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


def remove_parts(folder: Path) -> None:
    """Removes what a process that was killed left half-written in a folder."""
    for path in folder.glob(f"{PART}*"):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)

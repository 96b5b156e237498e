"""Opening files: plain, `.gz` or `.xz`; every failure names the file and what to do."""

import gzip
import lzma
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from kerasdl.errors import UserError

LARGEST_UNPACKED = 8 * 2**30
"""Bytes; a compressed file that unpacks to more is refused."""
SPARE, RATIO = 256 * 2**20, 200
"""So is one that unpacks to more than `SPARE + RATIO * its size`: a bomb, for all one knows."""

_OPENERS = {".gz": gzip.open, ".xz": lzma.open}
_PIECE = 2**24  # bytes
_DAMAGE = (EOFError, gzip.BadGzipFile, lzma.LZMAError, zlib.error)


def existing(path: str | Path) -> Path:
    """`path` as a `Path`, or a `UserError` if nothing is there."""
    try:
        path = Path(path).expanduser()
        found = path.exists()
    except (OSError, ValueError, RuntimeError) as error:  # the last: nobody's home
        raise UserError(f"{str(path)!r} is not a usable path: {error}") from None
    if not found:
        raise UserError(f"{path}: no such file or folder (looked from {Path.cwd()}).")
    if not path.is_file() and not path.is_dir():
        raise UserError(
            f"{path}: data is read from files and folders. Received: a device or a pipe, which may "
            "never end. Write its content into a file first."
        )
    return path


def most_unpacked(path: Path) -> int:
    """Bytes that a compressed file may unpack to."""
    return min(LARGEST_UNPACKED, SPARE + RATIO * path.stat().st_size)


def bare_suffix(path: Path) -> str:
    """The ending in lower case, that of the compression left out: `.csv` for `A.CSV.gz`."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] in _OPENERS:
        suffixes.pop()
    return suffixes[-1] if suffixes else ""


def bare_name(path: Path) -> str:
    """The file's name without its endings: `A` for `A.csv.gz`."""
    stem = path.stem if path.suffix.lower() in _OPENERS else path.name
    return Path(stem).stem


@contextmanager
def open_bytes(path: str | Path) -> Iterator[IO[bytes]]:
    """Opens a file for reading, unpacked; failures inside the block become `UserError` too."""
    path = existing(path)
    opener = _OPENERS.get(path.suffix.lower(), open)
    try:
        with opener(path, "rb") as stream:
            yield stream
    except _DAMAGE as error:
        raise UserError(
            f"{path}: the compressed file is damaged or cut short ({error}). Copy it again."
        ) from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror or error}).") from None


@contextmanager
def readable(source: object) -> Iterator[None]:
    """Turns what the system refuses inside the block (rights, names, faults) into `UserError`."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or error
        raise UserError(f"{error.filename or source}: cannot be read ({reason}).") from None


def read_bytes(path: str | Path) -> bytes:
    """The whole file, unpacked; refused beyond `most_unpacked`."""
    path = existing(path)
    with open_bytes(path) as stream:
        if path.suffix.lower() not in _OPENERS:
            return stream.read()
        most, pieces, size = most_unpacked(path), [], 0
        while piece := stream.read(_PIECE):
            pieces.append(piece)
            size += len(piece)
            if size > most:
                raise UserError(
                    f"{path}: a compressed file of this size may unpack to {most} bytes at most. "
                    "Received: more. Unpack it yourself if it is meant to be so large."
                )
    return b"".join(pieces)


def read_utf8(path: str | Path) -> str:
    """The whole file as text.

    Raises:
        UserError: If it is not UTF-8; the message has the place of the first wrong byte.
    """
    content = read_bytes(path)
    if b"\0" in content:
        raise UserError(f"{path}: text must be UTF-8. Received: zero bytes, as in UTF-16.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UserError(
            f"{path}: text must be UTF-8. Received: byte 0x{content[error.start]:02x} in line "
            f"{line}. Convert it, for instance: iconv -f latin1 -t utf-8 {Path(path).name}"
        ) from None

"""The members of a `.keras` archive: which there may be, and how large."""

import json
import stat
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kerasdl.errors import UserError

LARGEST_CONFIG = 64 * 2**20
"""Bytes of `config.json`."""
MOST_MEMBERS = 10_000
SPARE, RATIO = 64 * 2**20, 20
"""A file may unpack to `SPARE + RATIO * its size` bytes; what Keras writes unpacks to its size."""

CONFIG, WEIGHTS = "config.json", "model.weights.h5"
_NAMES = ("metadata.json", CONFIG, WEIGHTS)
_ASSETS = "assets/"
_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def checked_config(file: Path) -> dict[str, Any]:
    """The configuration in a `.keras` file, once all its members were looked at.

    Raises:
        UserError: If it is no zip archive, holds a member that Keras would not write (another
            name, a path that leads elsewhere, a link, one twice), or unpacks to too much.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            _check_members(archive.infolist(), file)
            config = json.loads(archive.read(CONFIG))
    except UserError:
        raise
    except Exception as error:  # a damaged archive makes zipfile raise a dozen kinds
        raise UserError(f"{file} is not a .keras file: {_reason(error)}") from None
    if not isinstance(config, dict):
        raise UserError(f"{file} is not a .keras file: its {CONFIG} holds no object")
    return config


def entries(value: Any) -> Iterator[Any]:
    """A value and all within it, outermost first; a file may nest as deep as it likes."""
    waiting = [value]
    while waiting:
        entry = waiting.pop()
        yield entry
        if isinstance(entry, dict):
            waiting.extend(reversed(entry.values()))
        elif isinstance(entry, list):
            waiting.extend(reversed(entry))


def refused(file: Path, why: str) -> UserError:
    """The error for what Keras does not write."""
    return UserError(
        f"{file} is refused: {why}. Keras writes no such thing: get the file anew from its maker, "
        "and do not open it otherwise unless you trust them"
    )


def largest_unpacked(file: Path) -> int:
    """Bytes that a file may unpack to."""
    return SPARE + RATIO * file.stat().st_size


def _check_members(members: list[zipfile.ZipInfo], file: Path) -> None:
    names = [member.filename for member in members]
    if len(names) > MOST_MEMBERS:
        raise refused(file, f"it has {len(names)} members, and {MOST_MEMBERS} are allowed")
    for name, count in Counter(names).items():
        if count > 1:
            raise refused(file, f"its member {name!r:.100} is there {count} times")
    for member in members:
        if why := _objection(member):
            raise refused(file, f"its member {member.orig_filename!r:.100} {why}")
    unpacked, most = sum(member.file_size for member in members), largest_unpacked(file)
    if unpacked > most:
        raise refused(file, f"it unpacks to {unpacked} bytes, and {most} are allowed for its size")
    config = next((member for member in members if member.filename == CONFIG), None)
    if config is None:
        raise UserError(f"{file} is not a .keras file: it has no {CONFIG}")
    if config.file_size > LARGEST_CONFIG:
        raise refused(file, f"its {CONFIG} is larger than {LARGEST_CONFIG} bytes")
    if WEIGHTS not in names:
        raise UserError(f"{file} holds no {WEIGHTS}: weights are read from that member alone")


def _objection(member: zipfile.ZipInfo) -> str:
    name = member.filename
    parts = name.removesuffix("/").split("/")
    if name != member.orig_filename or "\\" in name or ":" in name or not name.isprintable():
        return "has a character that no member's name has"
    if {"", ".", ".."} & set(parts):
        return "leads elsewhere"
    if name not in _NAMES and not name.startswith(_ASSETS):
        return f"is none of {', '.join((*_NAMES, _ASSETS))}"
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "is a link or a device"
    if member.flag_bits & 1 or member.compress_type not in _PACKINGS:
        return "is encrypted or packed in an unusual way"
    return ""


def _reason(error: Exception) -> str:
    lines = str(error).splitlines()
    return lines[0][:200] if lines else type(error).__name__

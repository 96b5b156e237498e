"""One checkpoint: a folder that is there whole or not at all."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kerasdl.disk import PART

_ARRAYS, _ABOUT, _SUMS = "arrays.safetensors", "about.json", "SHA256SUMS"


class DamagedCheckpoint(Exception):
    """A folder that is no whole checkpoint; the message says why."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A state of a training.

    Args:
        arrays: Every array by name.
        about: Everything else, as JSON has it.
    """

    arrays: Mapping[str, np.ndarray]
    about: Mapping[str, Any]


def write_checkpoint(snapshot: Snapshot, path: Path) -> None:
    """Writes a checkpoint beside `path`, has the disk confirm it, then renames.

    The folder holds `arrays.safetensors`, `about.json` and `SHA256SUMS`, which `sha256sum -c`
    reads. A checkpoint of that name gives way.

    Raises:
        OSError: If the disk refuses; nothing is left behind.
    """
    from safetensors.numpy import save

    arrays, views = _plain(snapshot.arrays)
    contents = {
        _ARRAYS: save(arrays),
        _ABOUT: json.dumps({**snapshot.about, "views": views}, indent=1).encode(),
    }
    contents[_SUMS] = _sums(contents)
    part = Path(tempfile.mkdtemp(dir=path.parent, prefix=PART))
    try:
        for name, content in contents.items():
            with open(part / name, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        part.chmod(0o755)
        _confirm(part)
        if path.exists():
            remove_checkpoint(path)
        os.rename(part, path)
        _confirm(path.parent)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise


def read_checkpoint(path: Path) -> Snapshot:
    """Reads a checkpoint, if every byte is what was written.

    Raises:
        DamagedCheckpoint: If a file is missing, cannot be read, or differs from its checksum.
    """
    try:
        contents = {name: (path / name).read_bytes() for name in (_ARRAYS, _ABOUT, _SUMS)}
    except OSError as error:
        raise DamagedCheckpoint(f"{error.filename or path}: {error.strerror}") from None
    if contents.pop(_SUMS) != _sums(contents):
        raise DamagedCheckpoint(f"{path}: its files differ from their checksums")
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        about = json.loads(contents[_ABOUT])
        views = about.pop("views")
        arrays = {
            name: array.view(_dtype(views[name])) if name in views else array
            for name, array in load(contents[_ARRAYS]).items()
        }
    except (SafetensorError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise DamagedCheckpoint(f"{path}: no checkpoint of this program: {error}") from None
    return Snapshot(arrays, about)


def remove_checkpoint(path: Path) -> None:
    """Removes a checkpoint; killed meanwhile, it leaves nothing that looks like one.

    Raises:
        OSError: If the disk refuses.
    """
    going = Path(tempfile.mkdtemp(dir=path.parent, prefix=PART)) / path.name
    os.rename(path, going)
    shutil.rmtree(going.parent)


def _sums(contents: Mapping[str, bytes]) -> bytes:
    lines = (f"{hashlib.sha256(contents[n]).hexdigest()}  {n}\n" for n in (_ARRAYS, _ABOUT))
    return "".join(lines).encode()


def _plain(arrays: Mapping[str, np.ndarray]) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Arrays that safetensors knows, and the dtypes of those that are seen as another."""
    plain, views = {}, {}
    for name, array in arrays.items():
        plain[name] = np.ascontiguousarray(array).reshape(array.shape)
        if array.dtype.kind not in "biuf":  # bfloat16 and its kind are void to NumPy
            views[name] = array.dtype.name
            plain[name] = plain[name].view(f"uint{8 * array.dtype.itemsize}")
    return plain, views


def _dtype(name: str) -> np.dtype:
    import ml_dtypes

    return np.dtype(getattr(ml_dtypes, name))


def _confirm(folder: Path) -> None:
    """Waits until the names in a folder are on the disk, where the system has such a call."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

"""NumPy files: `.npy`, and `.npz` archives of them. Never unpickled."""

import math
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import numpy as np

from kerasdl.data.files import existing, most_unpacked
from kerasdl.errors import UserError


def read_npy(path: str | Path) -> np.ndarray:
    """The array in a `.npy` file.

    Raises:
        UserError: If the file is missing, damaged, cut short, or holds pickled Python objects.
    """
    path = existing(path)
    return _guarded(path, lambda: _read_npy(path))


def read_npz(path: str | Path) -> dict[str, np.ndarray]:
    """The arrays in a `.npz` archive, by name.

    Raises:
        UserError: Likewise; and if the archive unpacks to more than `most_unpacked` bytes.
    """
    path = existing(path)
    return _guarded(path, lambda: _read_npz(path))


def _read_npy(path: Path) -> np.ndarray:
    with path.open("rb") as stream:
        _check_header(stream, path.stat().st_size, str(path))
        stream.seek(0)
        return np.lib.format.read_array(stream, allow_pickle=False)


def _read_npz(path: Path) -> dict[str, np.ndarray]:
    with zipfile.ZipFile(path) as archive:
        members = [info for info in archive.infolist() if info.filename.endswith(".npy")]
        if not members:
            raise UserError(f"{path}: an npz archive must hold arrays (.npy). Received: none.")
        unpacked = sum(info.file_size for info in members)
        most = most_unpacked(path)
        if unpacked > most:
            raise UserError(
                f"{path}: an npz archive of this size may unpack to {most} bytes at most. "
                f"Received: {unpacked}. Give the arrays as .npy files."
            )
        return {
            info.filename.removesuffix(".npy"): _read_member(archive, info, path)
            for info in members
        }


def _read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path) -> np.ndarray:
    with archive.open(info) as stream:
        _check_header(stream, info.file_size, f"{path}, {info.filename}")
    with archive.open(info) as stream:
        array = np.lib.format.read_array(stream, allow_pickle=False)
        stream.read(1)  # at the end the archive's checksum is compared
    return array


def _check_header(stream: IO[bytes], size: int, where: str) -> None:
    """Raises `UserError` for objects and absent values before anything is allocated for them."""
    version = np.lib.format.read_magic(stream)
    reader = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }.get(version)
    if reader is None:
        raise UserError(f"{where}: npy version 1.0 or 2.0 is expected. Received: {version}.")
    shape, _, dtype = reader(stream)
    if dtype.hasobject:
        raise UserError(
            f"{where}: holds pickled Python objects, which can run code when they are read, so it "
            "is refused. Save plain numbers or text: np.save(file, array.astype(float)); for rows "
            "of unequal length pad them first."
        )
    if dtype.names:
        raise UserError(f"{where}: plain arrays are expected. Received: a structured one, {dtype}.")
    needed = math.prod(shape) * dtype.itemsize
    if needed > size - stream.tell():
        raise UserError(
            f"{where}: cut short: shape {shape} of {dtype} needs {needed} bytes. "
            f"Received: {max(0, size - stream.tell())}. Copy it again."
        )


def _guarded(path: Path, read: Callable[[], Any]) -> Any:
    try:
        return read()
    except UserError:
        raise
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror or error}).") from None
    except Exception as error:  # a damaged file makes NumPy and zipfile raise a dozen kinds
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(
            f"{path}: not a whole NumPy {path.suffix.lower()} file ({reason[:200]}). Copy it "
            "again, or save it anew with np.save or np.savez."
        ) from None

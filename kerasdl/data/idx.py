"""IDX files, the form in which MNIST and its family are published."""

import math
import re
from pathlib import Path

import numpy as np

from kerasdl.data.files import existing, most_unpacked, open_bytes
from kerasdl.errors import UserError

_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_CHUNK = 2**24
_NAME = re.compile(r"(images|labels)[-._]idx\d[-._]ubyte(\.gz)?$", re.IGNORECASE)
_PARTS = {"train": "train", "t10k": "test", "test": "test", "val": "validation"}


def is_idx_name(path: Path) -> bool:
    """Whether a file is named as IDX files are: `train-images-idx3-ubyte.gz`."""
    return _NAME.search(path.name) is not None


def read_idx(path: str | Path) -> np.ndarray:
    """The array in an IDX file, `.gz` too, in the machine's byte order.

    Layout: two zero bytes, a type code, the number of axes; each axis as 4 bytes, most significant
    first; the values, last axis fastest, most significant byte first.

    Raises:
        UserError: If the file is missing, is no IDX file, or holds fewer or more values than it
            says. Nothing is allocated for a size that the file cannot hold.
    """
    path = existing(path)
    with open_bytes(path) as stream:
        head = _exactly(stream.read(4), 4, path)
        zero, code, rank = head[:2], head[2], head[3]
        if zero != b"\0\0" or code not in _TYPES or not 1 <= rank <= 32:
            raise UserError(
                f"{path}: an IDX file must start with the bytes 00 00, a type (08, 09, 0b to 0e) "
                f"and the number of axes. Received: {head.hex(' ')}."
            )
        axes = _exactly(stream.read(4 * rank), 4 * rank, path)
        shape = tuple(np.frombuffer(axes, ">u4").tolist())
        dtype = np.dtype(_TYPES[code])
        size = math.prod(shape) * dtype.itemsize
        packed = path.stat().st_size
        plain = path.suffix.lower() not in (".gz", ".xz")
        most = packed if plain else most_unpacked(path)
        if max(size, math.prod(axis or 1 for axis in shape)) > most:
            raise _cut_short(path, shape, packed, "bytes in the file", most)
        values = bytearray(size)
        filled = _fill(stream, values)
        if filled < size:
            raise _cut_short(path, shape, filled, "bytes of values")
        if stream.read(1):
            raise UserError(
                f"{path}: an IDX file of shape {shape} must hold {size} bytes of values. "
                "Received: more."
            )
    array = np.frombuffer(values, dtype).reshape(shape)
    return array.astype(dtype.newbyteorder("="), copy=False)


def _fill(stream, values: bytearray) -> int:
    """Reads into `values` until it is full or the stream ends; the number of bytes read."""
    view, filled = memoryview(values), 0
    while filled < len(values):
        read = stream.readinto(view[filled : filled + _CHUNK])
        if not read:
            break
        filled += read
    return filled


def _exactly(content: bytes, size: int, path: Path) -> bytes:
    if len(content) < size:
        raise UserError(f"{path}: not an IDX file: it ends within its header. Copy it again.")
    return content


def _cut_short(
    path: Path, shape: tuple[int, ...], received: int, unit: str, most: int = 0
) -> UserError:
    beyond = f" (one so small may unpack to {most} bytes)" if most > received else ""
    return UserError(
        f"{path}: the IDX file is cut short: shape {shape} needs more than it holds. "
        f"Received: {received} {unit}{beyond}. Copy it again."
    )


def idx_pairs(folder: Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Images and labels of the IDX files in a folder, by `train`, `test`, `validation`.

    Raises:
        UserError: If images lack their labels or the reverse, or there are no training files.
    """
    found: dict[str, dict[str, Path]] = {}
    for path in sorted(folder.iterdir()):
        match = _NAME.search(path.name)
        if match is None or not path.is_file():
            continue
        kind = match.group(1).lower()
        part = _part_of(path.name[: match.start()])
        other = found.setdefault(part, {}).setdefault(kind, path)
        if other.name.removesuffix(".gz") != path.name.removesuffix(".gz"):
            raise UserError(
                f"{folder}: one file of {part} {kind} is expected. "
                f"Received: {other.name} and {path.name}."
            )
    for files in found.values():
        if len(files) == 1:
            have, lack = ("images", "labels") if "images" in files else ("labels", "images")
            raise UserError(
                f"{folder}: {files[have].name} needs its {lack} beside it: "
                f"{files[have].name.replace(have, lack)}"
            )
    if "train" not in found:
        raise UserError(
            f"{folder}: no training files: train-images-idx3-ubyte and train-labels-idx1-ubyte, "
            "`.gz` or not."
        )
    return {
        part: (read_idx(files["images"]), read_idx(files["labels"]))
        for part, files in found.items()
    }


def _part_of(prefix: str) -> str:
    for word, part in _PARTS.items():
        if word in prefix.lower():
            return part
    return "train"

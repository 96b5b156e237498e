"""The HDF5 file with a model's weights: plain arrays inside of it, and nothing else."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from kerasdl.errors import UserError
from kerasdl.guard.members import WEIGHTS, largest_unpacked, refused

_FILTERS = frozenset({1, 2, 3, 32000})
"""HDF5's numbers of deflate, shuffle, checksum and LZF; another would load a library."""


def check_weights(file: Path) -> None:
    """Looks at the weights in a `.keras` or `.weights.h5` file without reading any.

    Raises:
        UserError: If it is no HDF5 file, or holds a link, an array in another file, one that is
            not of numbers, or arrays of a size that the file cannot mean.
    """
    import h5py

    try:
        with _stream(file) as stream, h5py.File(stream, "r") as weights:
            _check_arrays(weights, file)
    except UserError:
        raise
    except Exception as error:  # whatever h5py makes of a damaged file
        raise UserError(f"{file}: its weights cannot be read: {error}") from None


def _stream(file: Path) -> IO[bytes]:
    if file.suffix != ".keras":
        return file.open("rb")
    with zipfile.ZipFile(file) as archive:
        return io.BytesIO(archive.read(WEIGHTS))


def _check_arrays(weights: Any, file: Path) -> None:
    unpacked, most = 0, largest_unpacked(file)
    for name, array in _arrays(weights, file):
        if array.external or array.is_virtual:
            raise refused(file, f"its array {name} lies in another file")
        if array.dtype.kind not in "iufbV" or array.dtype.hasobject or array.dtype.names:
            raise refused(file, f"its array {name} is not of numbers but of {array.dtype}")
        made = array.id.get_create_plist()
        if strange := {made.get_filter(n)[0] for n in range(made.get_nfilters())} - _FILTERS:
            raise refused(file, f"its array {name} is packed by the HDF5 filters {strange}")
        unpacked += array.nbytes
        if unpacked > most:
            raise refused(
                file, f"its arrays are of {unpacked} bytes or more, and {most} are allowed"
            )


def _arrays(weights: Any, file: Path) -> Iterator[tuple[str, Any]]:
    """Every array with its name; links are not followed, and no group is entered twice."""
    import h5py

    waiting, seen = [("", weights)], set()
    while waiting:
        path, group = waiting.pop()
        for name in group:
            where = f"{path}/{name}"[-100:]
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                raise refused(file, f"its entry {where} is a link to somewhere else")
            entry = group[name]
            address = h5py.h5o.get_info(entry.id).addr
            if address in seen:
                raise refused(file, f"its entry {where} is there under two names")
            seen.add(address)
            if isinstance(entry, h5py.Group):
                waiting.append((where, entry))
            elif isinstance(entry, h5py.Dataset):
                yield where, entry
            else:
                raise refused(file, f"its entry {where} is neither a group nor an array")

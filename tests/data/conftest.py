"""Small files and records for the tests of data."""

import gzip
import struct

import numpy as np
import pytest

from kerasdl.data import Data, Inputs, Samples

CODES = {
    "uint8": 0x08,
    "int8": 0x09,
    "int16": 0x0B,
    "int32": 0x0C,
    "float32": 0x0D,
    "float64": 0x0E,
}


def idx_bytes(array):
    """An array as the description of the format says, value by value."""
    head = struct.pack(">BBBB", 0, 0, CODES[array.dtype.name], array.ndim)
    axes = b"".join(struct.pack(">I", size) for size in array.shape)
    letter = {"uint8": "B", "int8": "b", "int16": "h", "int32": "i", "float32": "f", "float64": "d"}
    values = b"".join(
        struct.pack(">" + letter[array.dtype.name], v) for v in array.ravel().tolist()
    )
    return head + axes + values


@pytest.fixture
def write_idx(tmp_path):
    """Writes an array as an IDX file, packed if the name ends with `.gz`."""

    def write(name, array, folder=tmp_path):
        content = idx_bytes(np.asarray(array))
        folder.mkdir(exist_ok=True)
        path = folder / name
        path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
        return path

    return write


@pytest.fixture
def idx_folder(tmp_path, write_idx, rng):
    """Six training and three test images of 4x3 pixels in three classes."""
    folder = tmp_path / "tiny"
    write_idx("train-images-idx3-ubyte.gz", rng.integers(0, 256, (6, 4, 3), np.uint8), folder)
    write_idx("train-labels-idx1-ubyte.gz", np.array([0, 1, 2, 0, 1, 2], np.uint8), folder)
    write_idx("t10k-images-idx3-ubyte", rng.integers(0, 256, (3, 4, 3), np.uint8), folder)
    write_idx("t10k-labels-idx1-ubyte", np.array([0, 2, 1], np.uint8), folder)
    return folder


@pytest.fixture
def write_csv(tmp_path):
    """Writes lines as a CSV file."""

    def write(*lines, name="table.csv", encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(("\n".join(lines) + "\n").encode(encoding))
        return path

    return write


@pytest.fixture
def write_image(tmp_path):
    """Writes an image of one value; the mode and the ending make it grey or colour, PNG or JPEG."""
    from PIL import Image

    def write(name, size=(4, 3), value=100, mode="L"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new(mode, (size[1], size[0]), value).save(path)
        return path

    return write


@pytest.fixture
def labelled():
    """A record of so many samples of each class, one feature, the sample's number."""

    def make(*counts, task="tabular-classification", **changes):
        y = np.repeat(np.arange(len(counts), dtype="int32"), counts)
        x = np.arange(len(y), dtype="float32")[:, None]
        record = Data(
            name="labelled",
            task=task,
            train=Samples(x, y),
            inputs=Inputs(kind="arrays", shape=(1,)),
            outputs=len(counts),
            classes=tuple("abcdefghijkl"[: len(counts)]),
        )
        return record.replace(**changes)

    return make

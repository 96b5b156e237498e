"""Small files that unpack to much: refused before the memory is full, by limits that are stated."""

import gzip
import io
import lzma
import os
import resource
import struct
import zipfile

import numpy as np
import pytest
from PIL import Image

from kerasdl.data import load
from kerasdl.data.arrays import read_npz
from kerasdl.data.files import RATIO, SPARE, most_unpacked, read_bytes
from kerasdl.data.idx import read_idx
from kerasdl.data.images import read_image
from kerasdl.errors import UserError

pytestmark = pytest.mark.once

PACKERS = {".gz": lambda content: gzip.compress(content, 1), ".xz": lzma.compress}


@pytest.fixture
def little(monkeypatch):
    """No room beyond what the size of a file gives it, so that the bombs here can be small."""
    monkeypatch.setattr("kerasdl.data.files.SPARE", 0)


def test_the_limit_grows_with_the_file_up_to_a_point(tmp_path):
    path = tmp_path / "a.gz"
    path.write_bytes(bytes(1000))
    assert most_unpacked(path) == SPARE + 1000 * RATIO == 2**28 + 200_000
    with path.open("r+b") as file:
        file.truncate(2**40)
    assert most_unpacked(path) == 8 * 2**30


@pytest.mark.parametrize("ending", PACKERS)
def test_a_packed_text_within_the_limit_is_read(tmp_path, ending):
    path = tmp_path / f"a.txt{ending}"
    path.write_bytes(PACKERS[ending](bytes(10**6)))
    assert read_bytes(path) == bytes(10**6)


@pytest.mark.parametrize("ending", PACKERS)
def test_a_packed_text_beyond_it_is_refused(tmp_path, little, ending):
    path = tmp_path / f"a.txt{ending}"
    path.write_bytes(PACKERS[ending](bytes(10**6)))
    with pytest.raises(
        UserError, match=f"may unpack to {200 * path.stat().st_size} bytes.*Unpack it"
    ):
        read_bytes(path)


def test_a_bomb_within_a_bomb_is_unpacked_once(tmp_path, little):
    path = tmp_path / "a.txt.gz"
    path.write_bytes(gzip.compress(gzip.compress(bytes(10**7))))
    assert len(read_bytes(path)) < 20_000


def test_an_archive_of_arrays_beyond_it_is_refused(tmp_path, little):
    path = tmp_path / "a.npz"
    np.savez_compressed(path, x=np.zeros(10**6))
    with pytest.raises(
        UserError, match="npz archive of this size may unpack to .*Received: 8000128"
    ):
        read_npz(path)


def test_an_archive_that_claims_more_than_it_holds_is_refused(tmp_path):
    stream = io.BytesIO()
    np.savez_compressed(stream, x=np.zeros(10))
    content = bytearray(stream.getvalue())
    struct.pack_into("<I", content, content.rindex(b"PK\x01\x02") + 24, 2**32 - 2)
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(UserError, match="Received: 4294967294"):
        read_npz(tmp_path / "a.npz")


def test_an_array_that_claims_more_than_it_holds_is_refused(tmp_path):
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        head, {"descr": "<f8", "fortran_order": False, "shape": (2**40,)}
    )
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("x.npy", head.getvalue() + bytes(8))
    with pytest.raises(UserError, match="cut short"):
        read_npz(tmp_path / "a.npz")


def test_images_in_a_packed_file_beyond_it_are_refused(tmp_path, little):
    head = struct.pack(">BBBB3I", 0, 0, 8, 3, 1000, 28, 28)
    path = tmp_path / "train-images-idx3-ubyte.gz"
    path.write_bytes(gzip.compress(head + bytes(784_000)))
    with pytest.raises(UserError, match="cut short.*one so small may unpack to"):
        read_idx(path)


def test_a_packed_file_that_claims_the_largest_images_allocates_nothing(tmp_path):
    path = tmp_path / "train-images-idx3-ubyte.gz"
    path.write_bytes(gzip.compress(struct.pack(">BBBB3I", 0, 0, 8, 3, 2**20, 2**6, 2**6)))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(UserError, match="cut short"):
        read_idx(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 2**18  # KiB


def test_an_image_beyond_89_million_pixels_is_refused(tmp_path):
    Image.new("1", (9_500, 9_500)).save(tmp_path / "a.png")
    assert (tmp_path / "a.png").stat().st_size < 20_000
    with pytest.raises(UserError, match="too large to be read safely.*89478485 pixels"):
        read_image(tmp_path / "a.png", None, None)


def test_a_text_in_an_image_that_unpacks_to_much_is_refused(tmp_path):
    from PIL.PngImagePlugin import PngInfo

    about = PngInfo()
    about.add_text("a", "x" * 10**8, zip=True)
    Image.new("L", (2, 2)).save(tmp_path / "a.png", pnginfo=about)
    with pytest.raises(UserError, match="not a whole PNG or JPEG image"):
        read_image(tmp_path / "a.png", None, None)


def test_a_device_or_pipe_is_not_read(tmp_path):

    os.mkfifo(tmp_path / "a.csv")
    (tmp_path / "b.csv").symlink_to("/dev/zero")
    for name in ("a.csv", "b.csv"):
        with pytest.raises(UserError, match="a device or a pipe, which may never end"):
            load(tmp_path / name, target="y")


@pytest.mark.long
def test_a_bomb_of_a_gigabyte_takes_no_gigabyte(tmp_path):
    path = tmp_path / "a.csv.gz"
    with gzip.open(path, "wb") as file:
        for _ in range(1024):
            file.write(bytes(2**20))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(UserError, match="may unpack to"):
        load(path, target="y")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 2**20  # KiB

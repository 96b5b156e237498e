"""IDX files: every type, both packings, and what is no IDX file."""

import gzip
import struct

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from kerasdl.data.idx import idx_pairs, read_idx
from kerasdl.errors import UserError

pytestmark = pytest.mark.once


@pytest.mark.parametrize("name", ["a", "a.gz"])
@pytest.mark.parametrize(
    "array",
    [
        np.array([[0, 128, 255]], np.uint8),
        np.array([-128, 127], np.int8),
        np.array([[-300], [32767]], np.int16),
        np.array([[[-70000, 70000]]], np.int32),
        np.array([1.5, -0.25], np.float32),
        np.array([1e300, -1e-300], np.float64),
    ],
    ids=lambda array: array.dtype.name,
)
def test_read_idx_returns_the_values_written(write_idx, name, array):
    read = read_idx(write_idx(name, array))
    assert read.dtype == array.dtype
    assert read.dtype.isnative
    np.testing.assert_array_equal(read, array)


def test_read_idx_of_no_samples_is_empty(write_idx):
    assert read_idx(write_idx("a", np.zeros((0, 3), np.uint8))).shape == (0, 3)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "ends within its header"),
        (b"\0\0\x08", "ends within its header"),
        (b"\0\0\x08\x02\0\0\0\1", "ends within its header"),
        (b"\x89PNG\r\n", "must start with the bytes 00 00.*Received: 89 50 4e 47"),
        (b"\0\0\x0a\x01\0\0\0\1\5", "a type .08, 09, 0b to 0e.*Received: 00 00 0a 01"),
        (b"\0\0\x08\0", "number of axes"),
        (b"\0\0\x08\x01\0\0\0\3ab", r"cut short: shape \(3,\).*Received: 10 bytes in|cut short"),
        (b"\0\0\x08\x01\0\0\0\2abc", "must hold 2 bytes of values. Received: more"),
        (struct.pack(">BBBB3I", 0, 0, 14, 3, *[2**32 - 1] * 3), "cut short"),
    ],
)
@pytest.mark.parametrize("name", ["a.idx", "a.idx.gz"])
def test_what_is_no_idx_file_is_one_message(tmp_path, content, message, name):
    path = tmp_path / name
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    with pytest.raises(UserError, match=message) as caught:
        read_idx(path)
    assert str(path) in str(caught.value)


def test_a_cut_gzip_is_one_message(write_idx):
    path = write_idx("a.gz", np.arange(200, dtype="uint8").reshape(2, 100))
    whole = path.read_bytes()
    for length in (0, 1, 5, 12, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(UserError, match=str(path)):
            read_idx(path)


def test_a_missing_file_is_one_message(tmp_path):
    with pytest.raises(UserError, match="no such file or folder"):
        read_idx(tmp_path / "nowhere")


def test_a_small_packed_file_cannot_claim_a_large_array(tmp_path):
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(struct.pack(">BBBBI", 0, 0, 8, 1, 2**32 - 1) + bytes(100)))
    with pytest.raises(UserError, match="cut short"):
        read_idx(path)


def test_idx_pairs_reads_both_parts(idx_folder):
    pairs = idx_pairs(idx_folder)
    assert {part: (x.shape, y.tolist()) for part, (x, y) in pairs.items()} == {
        "train": ((6, 4, 3), [0, 1, 2, 0, 1, 2]),
        "test": ((3, 4, 3), [0, 2, 1]),
    }


def test_idx_pairs_without_labels_names_the_file(idx_folder):
    (idx_folder / "train-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(UserError, match="train-images-idx3-ubyte.gz needs its labels beside it"):
        idx_pairs(idx_folder)


def test_idx_pairs_without_training_says_what_is_expected(idx_folder):
    for path in idx_folder.glob("train*"):
        path.unlink()
    with pytest.raises(UserError, match="no training files: train-images-idx3-ubyte"):
        idx_pairs(idx_folder)


def test_idx_pairs_of_two_sets_in_one_folder_are_refused(idx_folder, write_idx):
    write_idx("train-images.idx3-ubyte", np.zeros((1, 2, 2), np.uint8), idx_folder)
    with pytest.raises(UserError, match="one file of train images is expected"):
        idx_pairs(idx_folder)


FUZZ = {"deadline": None, "suppress_health_check": [HealthCheck.function_scoped_fixture]}


def read_or_refuse(path, content):
    """Anything but an array and a `UserError` escapes and fails the test."""
    path.write_bytes(content)
    try:
        array = read_idx(path)
    except UserError as error:
        assert str(path) in str(error)
    else:
        assert isinstance(array, np.ndarray)


HEADERS = st.builds(
    lambda code, sizes, rest: (
        struct.pack(f">BBBB{len(sizes)}I", 0, 0, code, len(sizes), *sizes) + rest
    ),
    st.sampled_from([8, 9, 11, 12, 13, 14, 15]),
    st.lists(st.integers(0, 5) | st.integers(0, 2**32 - 1), max_size=4),
    st.binary(max_size=64),
)


@settings(max_examples=100, **FUZZ)
@given(content=st.binary(max_size=80) | HEADERS, packed=st.booleans())
@example(content=b"\0\0\x08\x20" + bytes(128), packed=True)
@example(content=struct.pack(">BBBB4I", 0, 0, 11, 4, 0, 0, 2**31, 2**31), packed=False)
def test_any_bytes_are_read_or_refused(tmp_path, content, packed):
    name = "fuzz.gz" if packed else "fuzz"
    read_or_refuse(tmp_path / name, gzip.compress(content, 1) if packed else content)


@pytest.mark.long
@settings(max_examples=20_000, **FUZZ)
@given(content=st.binary(max_size=400) | HEADERS, form=st.sampled_from(["", "packed", "raw"]))
def test_many_bytes_are_read_or_refused(tmp_path, content, form):
    path = tmp_path / ("fuzz.gz" if form else "fuzz")
    read_or_refuse(path, gzip.compress(content, 1) if form == "packed" else content)


@pytest.mark.long
@settings(max_examples=2000, **FUZZ)
@given(data=st.data())
def test_a_damaged_file_is_read_or_refused(tmp_path, write_idx, data):
    path = write_idx("a.gz", np.arange(60, dtype="uint8").reshape(3, 20))
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    read_or_refuse(path, bytes(content[: data.draw(st.integers(0, len(content)))]))


def test_fashion_mnist_is_what_its_readme_says(data_folder):
    folder = data_folder / "fashion_mnist"
    if not folder.is_dir():
        pytest.skip(f"no Fashion-MNIST in {data_folder}")
    pairs = idx_pairs(folder)
    assert pairs["train"][0].shape == (60000, 28, 28)
    assert pairs["test"][0].shape == (10000, 28, 28)
    assert np.bincount(pairs["train"][1]).tolist() == [6000] * 10
    assert np.bincount(pairs["test"][1]).tolist() == [1000] * 10
    # The published mean and standard deviation of the training pixels on [0, 1].
    assert round(pairs["train"][0].mean() / 255, 4) == 0.2860
    assert round(pairs["train"][0].std() / 255, 4) == 0.3530

"""NumPy files: what is read, and what is refused."""

import io
import pickle
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kerasdl.data import load
from kerasdl.data.arrays import read_npy, read_npz
from kerasdl.errors import UserError

pytestmark = pytest.mark.once

X = np.arange(24, dtype="float32").reshape(6, 4)
Y = np.array([0, 1, 2, 0, 1, 2])


@pytest.fixture
def npz(tmp_path):
    def write(save=np.savez, **arrays):
        path = tmp_path / "data.npz"
        save(path, **arrays)
        return path

    return write


class Canary:
    """Creates a file when it is unpickled."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return open, (self.path, "w")


@pytest.mark.parametrize("array", [X, Y, np.array(["a", "bc"]), np.zeros((0, 3)), np.array(5)])
def test_read_npy_returns_what_was_saved(tmp_path, array):
    np.save(tmp_path / "a.npy", array)
    np.testing.assert_array_equal(read_npy(tmp_path / "a.npy"), array)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_read_npz_returns_what_was_saved(npz, save):
    arrays = read_npz(npz(save, x=X, y=Y))
    assert sorted(arrays) == ["x", "y"]
    np.testing.assert_array_equal(arrays["x"], X)


def test_a_pickled_npy_is_refused_unread_with_a_way_out(tmp_path):
    canary = tmp_path / "opened"
    np.save(tmp_path / "a.npy", np.array([Canary(canary)], object), allow_pickle=True)
    with pytest.raises(UserError, match="pickled Python objects.*refused.*np.save"):
        read_npy(tmp_path / "a.npy")
    assert not canary.exists()


def test_a_pickled_member_of_an_npz_is_refused_unread(tmp_path, npz):
    canary = tmp_path / "opened"
    path = npz(x=np.array([Canary(canary)], object))
    with pytest.raises(UserError, match=r"data.npz, x.npy: holds pickled"):
        read_npz(path)
    assert not canary.exists()


def test_a_bare_pickle_named_npy_is_refused_unread(tmp_path):
    canary = tmp_path / "opened"
    (tmp_path / "a.npy").write_bytes(pickle.dumps(Canary(canary)))
    with pytest.raises(UserError, match="not a whole NumPy .npy file"):
        read_npy(tmp_path / "a.npy")
    assert not canary.exists()


def test_a_cut_npy_is_refused_before_it_is_allocated(tmp_path):
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        head, {"descr": "<f8", "fortran_order": False, "shape": (10**6, 10**6)}
    )
    (tmp_path / "a.npy").write_bytes(head.getvalue() + bytes(80))
    with pytest.raises(UserError, match=r"cut short.*needs 8000000000000 bytes. Received: 80"):
        read_npy(tmp_path / "a.npy")


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_a_cut_npz_is_one_message_wherever_it_is_cut(npz, save):
    path = npz(save, x=X, y=Y)
    whole = path.read_bytes()
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        with pytest.raises(UserError, match="not a whole NumPy .npz file"):
            read_npz(path)


def test_a_text_named_npz_is_one_message(tmp_path):
    (tmp_path / "a.npz").write_text("x,y\n1,2\n")
    with pytest.raises(UserError, match=r"a.npz: not a whole NumPy .npz file.*np.savez"):
        read_npz(tmp_path / "a.npz")


def test_an_npz_with_a_wrong_checksum_is_refused(npz):
    path = npz(x=X)
    content = bytearray(path.read_bytes())
    content[content.index(X.tobytes())] ^= 1
    path.write_bytes(content)
    with pytest.raises(UserError, match="not a whole NumPy .npz file.*CRC"):
        read_npz(path)


def test_an_npz_without_arrays_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("readme.txt", "nothing")
    with pytest.raises(UserError, match="must hold arrays"):
        read_npz(tmp_path / "a.npz")


def test_a_structured_array_is_refused(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros(3, [("a", "i4"), ("b", "f4")]))
    with pytest.raises(UserError, match="plain arrays are expected"):
        read_npy(tmp_path / "a.npy")


def test_load_npz_of_features_and_classes(npz):
    data = load(npz(x=X, y=Y))
    assert (data.name, data.task, data.outputs) == ("data", "tabular-classification", 3)
    assert data.classes == ("0", "1", "2")
    assert data.inputs.kind == "arrays"
    assert (data.train.x.dtype, data.train.y.dtype) == ("float32", "int32")
    np.testing.assert_array_equal(data.train.x, X)


def test_load_npz_with_parts_and_names_of_classes(npz, rng):
    images = rng.integers(0, 256, (6, 5, 4, 3), np.uint8)
    data = load(
        npz(
            train_images=images,
            train_labels=Y[:, None],
            val_images=images[:2],
            val_labels=Y[:2, None],
            test_images=images[:3],
            test_labels=Y[:3, None],
            class_names=np.array(["ant", "bee", "cow"]),
        )
    )
    assert data.task == "image-classification"
    assert {name: len(part) for name, part in data.parts.items()} == {
        "train": 6,
        "validation": 2,
        "test": 3,
    }
    assert data.classes == ("ant", "bee", "cow")
    assert (data.inputs.shape, data.inputs.dtype) == ((5, 4, 3), "uint8")
    assert data.inputs.value_range == (0, 255)


def test_load_npz_of_texts_as_labels_numbers_them_by_name(npz):
    data = load(npz(x_train=X, y_train=list("cabcab"), x_test=X[:2], y_test=list("ba")))
    assert data.classes == ("a", "b", "c")
    assert data.train.y.tolist() == [2, 0, 1, 2, 0, 1]
    assert data.test.y.tolist() == [1, 0]


def test_load_npz_of_one_hot_rows_is_classes(npz):
    data = load(npz(x=X, y=np.eye(4)[Y]))
    assert (data.task, data.outputs) == ("tabular-classification", 4)
    assert data.train.y.tolist() == Y.tolist()


def test_load_npz_of_several_labels_is_multi_label(npz):
    labels = np.array([[1, 1, 0], [0, 0, 0], [1, 0, 1]] * 2)
    data = load(npz(x=X, y=labels))
    assert (data.task, data.outputs, data.classes) == ("multi-label-classification", 3, None)
    assert data.train.y.dtype == np.float32
    np.testing.assert_array_equal(data.train.y, labels)


@pytest.mark.parametrize(
    ("y", "task", "expected"),
    [
        (np.linspace(0, 1, 6), None, "tabular-regression"),
        (np.linspace(0, 1, 18).reshape(6, 3), None, "tabular-regression"),
        (Y, "tabular-regression", "tabular-regression"),
        (Y.astype("float64"), None, "tabular-classification"),
        (Y > 0, None, "tabular-classification"),
    ],
)
def test_load_npz_task_follows_the_targets_or_is_given(npz, y, task, expected):
    data = load(npz(x=X, y=y), task=task)
    assert data.task == expected
    if expected == "tabular-regression":
        assert data.train.y.shape == (6, data.outputs)
        np.testing.assert_allclose(data.train.y, y.reshape(6, -1), rtol=1e-6)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (np.arange(300) % 30, "tabular-classification"),
        (np.arange(300) % 31, "tabular-regression"),  # fewer than ten of each
        (np.arange(300) % 30 + 1, "tabular-regression"),  # not from 0 on
        (np.arange(300) % 20 + 1, "tabular-classification"),  # few
    ],
)
def test_many_whole_numbers_are_classes_only_without_gap_and_well_filled(npz, labels, expected):
    assert load(npz(x=np.arange(300.0)[:, None], y=labels)).task == expected


def test_images_of_five_channels_are_images_if_the_task_says_so(npz):
    data = load(npz(x=np.zeros((6, 4, 4, 5)), y=Y), task="image-classification")
    assert (data.inputs.kind, data.inputs.shape) == ("images", (4, 4, 5))
    with pytest.raises(UserError, match=r"data.npz .train.: `task='image-classification'` needs"):
        load(npz(x=X, y=Y), task="image-classification")


def test_load_npy_with_its_targets(tmp_path):
    np.save(tmp_path / "x.npy", X)
    np.save(tmp_path / "y.npy", Y)
    data = load(tmp_path / "x.npy", target=str(tmp_path / "y.npy"))
    assert data.train.y.tolist() == Y.tolist()


def infinite(value):
    x = X.copy()
    x[2, 1] = value
    return x


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": X, "y": np.array(5)}, r"arrays of samples. Received: shapes \(6, 4\) and \(\)"),
        ({"x": X, "y": Y[:4]}, "equally many. Received: 6 inputs and 4 targets"),
        ({"x": infinite(np.nan), "y": Y}, r"finite. Received: 1 .* nan at sample 2, place \(1,\)"),
        ({"x": infinite(np.inf), "y": Y}, "the first inf at sample 2"),
        ({"x": X.astype("float64") * 1e300, "y": Y}, "finite.*inf"),
        ({"x": X, "y": np.array([0, 1, 2, -1, 1, 2])}, "from 0 to 2 .3 classes.*-1 at sample 3"),
        (
            {"x_train": X, "y_train": Y, "x_test": X, "y_test": Y + 1},
            r"\(test\).*from 0 to 2.*2 others, the first 3 at sample 2",
        ),
        ({"x": X, "y": Y, "classes": np.array(["a", "b"])}, "from 0 to 1.*2 at sample 2"),
        ({"x": X, "y": np.zeros(6, int)}, "at least two classes.*of class '0'"),
        ({"x": X, "y": [0, 1, 2, 0, 1, 10**6]}, "numbered from 0 without gaps.*highest 1000000"),
        ({"x": X[:0], "y": Y[:0]}, "at least one sample"),
        ({"x": X[:, 0], "y": Y}, "an axis of samples and at least one more"),
        ({"x": X.astype(str), "y": Y}, "inputs must be numbers"),
        ({"x": np.zeros((6, 3, 8, 8)), "y": Y}, r"channels last.*x.transpose\(0, 2, 3, 1\)"),
        ({"x": X}, "need both x and y. Received: x alone"),
        ({"x_test": X, "y_test": Y}, "x_train and y_train"),
        ({"apples": X, "pears": Y}, "x_train and y_train.*apples, pears"),
        (
            {"x_train": X, "y_train": list("ababab"), "x_test": X, "y_test": list("abcabc")},
            "among the 2 classes 'a', 'b'. Received: 'c'",
        ),
        (
            {"x_train": X, "y_train": Y, "x_test": X[:, :2], "y_test": Y},
            r"\(test\): expected inputs of shape \(samples, 4\). Received: \(6, 2\)",
        ),
        ({"x": X, "y": np.array([0, 1, np.nan] * 2)}, "finite"),
    ],
)
def test_arrays_that_cannot_be_trained_on_are_one_message(npz, arrays, message):
    with pytest.raises(UserError, match=message) as caught:
        load(npz(**arrays))
    assert "data.npz" in str(caught.value)


def test_an_unknown_task_of_arrays_names_the_known_ones(npz):
    with pytest.raises(UserError, match="`task` of .*tabular-regression.*task='forecasting'"):
        load(npz(x=X, y=Y), task="forecasting")


def test_load_npy_without_targets_says_how_to_give_them(tmp_path):
    np.save(tmp_path / "x.npy", X)
    with pytest.raises(UserError, match=r"path of the .npy with the targets.*np.savez"):
        load(tmp_path / "x.npy")


FUZZ = {"deadline": None, "suppress_health_check": [HealthCheck.function_scoped_fixture]}


def read_or_refuse(path, content):
    path.write_bytes(content)
    try:
        arrays = read_npz(path) if path.suffix == ".npz" else {"": read_npy(path)}
    except UserError as error:
        assert str(path) in str(error)
    else:
        assert all(not array.dtype.hasobject for array in arrays.values())


def archive(save=np.savez):
    stream = io.BytesIO()
    save(stream, x=np.arange(6.0).reshape(2, 3), y=np.array([0, 1]))
    return stream.getvalue()


def damage(content, places, values, length):
    content = bytearray(content)
    for place, value in zip(places, values, strict=False):
        content[place % len(content)] = value
    return bytes(content[: length % (len(content) + 1)])


DAMAGED = st.builds(
    damage,
    st.sampled_from([archive(), archive(np.savez_compressed)]),
    st.lists(st.integers(0, 10**6), max_size=4),
    st.lists(st.integers(0, 255), min_size=4, max_size=4),
    st.integers(0, 10**6) | st.just(-1),
)
NPY = st.builds(
    lambda head, rest: b"\x93NUMPY\x01\x00" + head + rest, *[st.binary(max_size=60)] * 2
)


@settings(max_examples=100, **FUZZ)
@given(content=st.binary(max_size=60) | DAMAGED | NPY, suffix=st.sampled_from([".npz", ".npy"]))
def test_any_bytes_are_read_or_refused(tmp_path, content, suffix):
    read_or_refuse(tmp_path / f"fuzz{suffix}", content)


@pytest.mark.long
@settings(max_examples=5_000, **FUZZ)
@given(content=st.binary(max_size=200) | DAMAGED | NPY, suffix=st.sampled_from([".npz", ".npy"]))
def test_many_bytes_are_read_or_refused(tmp_path, content, suffix):
    read_or_refuse(tmp_path / f"fuzz{suffix}", content)

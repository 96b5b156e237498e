"""The door: what is a name, what is a path, and which arguments apply."""

import subprocess
import sys

import numpy as np
import pytest

from kerasdl.data import Data, Inputs, Samples, check_data, load, split
from kerasdl.errors import UserError

pytestmark = pytest.mark.once


def test_a_folder_of_idx_files_is_its_images(idx_folder):
    data = load(idx_folder)
    assert (data.name, data.task, data.outputs) == ("tiny", "image-classification", 3)
    assert data.classes == ("0", "1", "2")
    assert data.inputs.shape == (4, 3, 1)
    assert (len(data.train), len(data.test)) == (6, 3)


def test_an_unknown_name_has_close_matches():
    with pytest.raises(UserError, match=r"unknown dataset 'digit'. Did you mean 'digits'"):
        load("digit")


def test_a_name_goes_before_a_folder_and_a_folder_before_an_unknown_name(idx_folder, monkeypatch):
    monkeypatch.chdir(idx_folder.parent)
    idx_folder.rename("iris")
    assert load("iris").task == "tabular-classification"
    assert load("./iris").task == "image-classification"
    (idx_folder.parent / "iris").rename("my-things")
    assert load("my-things").name == "my-things"


@pytest.mark.parametrize("source", ["nowhere/data", "missing.csv", "./digits", "~/no/such.npz"])
def test_a_missing_file_is_one_message(source, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="no such file or folder"):
        load(source)


def test_a_file_of_another_kind_names_the_known_ones(tmp_path):
    (tmp_path / "a.pdf").write_text("pdf")
    with pytest.raises(UserError, match=r"data is read from .csv, .*Received: .pdf"):
        load(tmp_path / "a.pdf")


def test_a_single_idx_file_asks_for_its_folder(idx_folder):
    with pytest.raises(UserError, match=f"give the folder .*{idx_folder}"):
        load(idx_folder / "t10k-images-idx3-ubyte")


def test_idx_images_and_labels_of_unequal_length_are_refused(idx_folder, write_idx):
    write_idx("t10k-labels-idx1-ubyte", np.array([0, 1], np.uint8), idx_folder)
    with pytest.raises(UserError, match=r"tiny \(test\): .* 3 inputs and 2 targets"):
        load(idx_folder)


def test_idx_labels_outside_the_classes_are_refused(idx_folder, write_idx):
    write_idx("t10k-labels-idx1-ubyte", np.array([0, 1, 9], np.uint8), idx_folder)
    with pytest.raises(UserError, match=r"\(test\), targets: .* from 0 to 2 .* 9 at sample 2"):
        load(idx_folder)


@pytest.mark.parametrize(
    ("source", "arguments", "message"),
    [
        ("digits", {"target": "x"}, "`target` does not apply to dataset `digits`"),
        ("iris", {"image_size": (4, 4)}, "`image_size` does not apply"),
        ("digits", {"task": "tabular-regression"}, "is for the task image-classification"),
        ("tiny", {"target": "x"}, "`target` does not apply"),
        ("tiny/a.npz", {"target": "x"}, "`target` does not apply"),
        ("tiny/a.npz", {"image_size": (4, 4)}, "`image_size` does not apply"),
        ("tiny/a.txt", {"target": "x"}, "no such file"),
        ("tiny/a.txt", {"task": "image-classification"}, "a text alone is for language-modelling"),
    ],
)
def test_an_argument_that_does_not_apply_is_named(
    idx_folder, monkeypatch, source, arguments, message
):
    monkeypatch.chdir(idx_folder.parent)
    np.savez(idx_folder / "a.npz", x=np.zeros((2, 2)), y=[0, 1])
    (idx_folder / "a.txt").write_text("abc")
    with pytest.raises(UserError, match=message):
        load(source, **arguments)


def test_a_path_that_no_system_takes_is_one_message():
    with pytest.raises(UserError):
        load("a\0b.csv")
    with pytest.raises(UserError):
        load("x/" * 5000 + ".csv")


@pytest.mark.parametrize("source", ["", 5, None])
def test_a_source_that_is_none_is_named(source):
    with pytest.raises(UserError, match="`source` must be a name or a path. Received: source="):
        load(source)


def test_what_the_system_refuses_is_one_message(idx_folder, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("pathlib.Path.iterdir", refuse)
    with pytest.raises(UserError, match="tiny: cannot be read .Permission denied"):
        load(idx_folder)


def test_a_loader_that_cannot_be_imported_is_named(monkeypatch):
    from kerasdl.data import embedded

    monkeypatch.delattr(embedded, "digits")
    with pytest.raises(UserError, match="dataset `digits`: its loader .* cannot be imported"):
        load("digits")


def test_samples_take_copies_rows_of_both():
    samples = Samples(np.arange(6).reshape(3, 2), np.array([5, 6, 7]))
    taken = samples.take(np.array([2, 0]))
    assert len(taken) == 2
    assert taken.x.tolist() == [[4, 5], [0, 1]]
    assert taken.y.tolist() == [7, 5]
    assert Samples(np.zeros((2, 1))).take(np.array([1])).y is None


def test_a_loader_that_returns_something_else_is_named(monkeypatch):
    monkeypatch.setattr("kerasdl.data.embedded.digits", lambda: 5)
    with pytest.raises(UserError, match="dataset `digits` must return a kerasdl.data.Data.*int"):
        load("digits")


def test_a_loaders_data_is_checked(monkeypatch):
    bad = Data(
        name="digits",
        task="image-classification",
        train=Samples(np.zeros((2, 8, 8, 1), np.uint8), np.array([0, 7])),
        inputs=Inputs(kind="images", shape=(8, 8, 1), dtype="uint8"),
        outputs=3,
    )
    monkeypatch.setattr("kerasdl.data.embedded.digits", lambda: bad)
    with pytest.raises(UserError, match="from 0 to 2 .* 7 at sample 1"):
        load("digits")


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (None, "the task tabular-regression needs targets. Received: none"),
        (np.zeros(2, "float32"), r"targets of shape \(samples, outputs=1\). Received: \(2,\)"),
    ],
)
def test_targets_of_another_form_are_refused(y, message):
    data = Data(
        name="mine",
        task="tabular-regression",
        train=Samples(np.zeros((2, 1), "float32"), y),
        inputs=Inputs(kind="arrays", shape=(1,)),
        outputs=1,
    )
    with pytest.raises(UserError, match=message):
        check_data(data)


def test_importing_the_package_loads_nothing_heavy():
    code = (
        "import sys, kerasdl.data; "
        "heavy = {'keras', 'jax', 'tensorflow', 'torch', 'sklearn', 'pandas', 'PIL'}; "
        "assert 'load' in dir(kerasdl.data); "
        "kerasdl.data.load; kerasdl.data.split; kerasdl.data.order; kerasdl.data.preprocessing; "
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "[]", done.stderr


def test_every_public_name_resolves():
    import kerasdl.data

    for name in kerasdl.data.__all__:
        assert getattr(kerasdl.data, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        kerasdl.data.nothing  # noqa: B018


@pytest.fixture
def unlabelled(tmp_path):
    """The same nine small images, as three sources without targets."""
    from PIL import Image

    images = np.random.default_rng(0).integers(0, 256, (9, 6, 5, 1), dtype="uint8")
    np.save(tmp_path / "alone.npy", images)
    np.savez(tmp_path / "alone.npz", x=images)
    (tmp_path / "alone").mkdir()
    for number, image in enumerate(images):
        Image.fromarray(image[..., 0]).save(tmp_path / "alone" / f"{number}.png")
    return tmp_path, images


@pytest.mark.parametrize("name", ["alone.npy", "alone.npz", "alone"])
def test_autoencoding_needs_no_targets(unlabelled, name):
    folder, images = unlabelled
    data = load(folder / name, task="autoencoding")
    assert data.task == "autoencoding" and data.name == "alone" and data.train.y is None
    np.testing.assert_array_equal(data.train.x, images)
    assert data.inputs.kind == "images" and data.inputs.value_range == (0.0, 255.0)
    assert len(split(data, seed=0).test) == 2
    with pytest.raises(UserError):
        load(folder / name)


def test_autoencoding_keeps_the_labels_there_are():
    data = load("digits", task="autoencoding")
    assert data.task == "autoencoding" and data.classes == tuple("0123456789")
    with pytest.raises(UserError, match="the task autoencoding is for images and arrays"):
        load("diabetes", task="autoencoding")


def test_targets_given_for_autoencoding_are_kept(unlabelled):
    folder, images = unlabelled
    np.save(folder / "labels.npy", np.arange(9) % 3)
    data = load(folder / "alone.npy", task="autoencoding", target=str(folder / "labels.npy"))
    np.testing.assert_array_equal(data.train.y, np.arange(9) % 3)
    np.testing.assert_array_equal(data.train.x, images)

"""Data sets by name: the data folder first, then Keras, and what is said without a network."""

import lzma

import keras
import numpy as np
import pytest

from kerasdl.data import load
from kerasdl.errors import UserError
from kerasdl.plugin.builtin import DATASETS

NAMES = ("mnist", "fashion-mnist", "cifar10", "cifar100", "imdb")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty data folder, and a Keras that may not download."""
    monkeypatch.setenv("KERASDL_DATA", str(tmp_path))

    def unreachable(*args, **kwargs):
        raise Exception("URL fetch failure on https://example.org: None -- no network")

    for module in ("mnist", "fashion_mnist", "cifar10", "cifar100", "imdb"):
        monkeypatch.setattr(getattr(keras.datasets, module), "load_data", unreachable)
    monkeypatch.setattr(keras.datasets.imdb, "get_word_index", unreachable)
    return tmp_path


def archive(classes):
    labels = np.arange(classes, dtype=np.uint8)[:, None]
    images = np.full((classes, 32, 32, 3), 9, np.uint8)
    return {"x_train": images, "y_train": labels, "x_test": images[:2], "y_test": labels[:2]}


@pytest.mark.parametrize("name", ["fashion_mnist", "fashion-mnist"])
def test_idx_files_are_found_in_the_data_folder(folder, idx_folder, name):
    idx_folder.rename(folder / name)
    data = load("fashion-mnist")
    assert (data.task, data.outputs) == ("image-classification", 10)
    assert data.classes[0] == "T-shirt/top"
    assert data.inputs.value_range == (0, 255)
    assert (len(data.train), len(data.test)) == (6, 3)


@pytest.mark.parametrize("place", ["cifar10.npz", "cifar10/cifar10.npz"])
def test_an_archive_is_found_in_the_data_folder(folder, place):
    (folder / "cifar10").mkdir()
    np.savez(folder / place, **archive(10))
    data = load("cifar10")
    assert data.train.x.shape == (10, 32, 32, 3)
    assert data.train.y.tolist() == list(range(10))
    assert data.classes[3] == "cat"
    assert data.source.endswith(place)


def test_keras_is_asked_where_the_data_folder_has_nothing(folder, monkeypatch):
    arrays = archive(100)
    pairs = tuple((arrays[f"x_{part}"], arrays[f"y_{part}"]) for part in ("train", "test"))
    monkeypatch.setattr(keras.datasets.cifar100, "load_data", lambda: pairs)
    monkeypatch.delenv("KERASDL_DATA")
    data = load("cifar100")
    assert (data.outputs, len(data.train), len(data.test)) == (100, 100, 2)
    assert data.source == "keras.datasets.cifar100"


def test_reviews_are_found_in_the_data_folder(folder):
    (folder / "imdb").mkdir()
    for part, lines in {
        "train": "1\t9\t0\tGood <br />good film!\n0\t1\t0\tbad\u2028film\n",
        "test": "0\t2\t1\tawful\tgood\n",
    }.items():
        (folder / "imdb" / f"imdb_{part}.tsv.xz").write_bytes(lzma.compress(lines.encode()))
    data = load("imdb")
    assert data.task == "text-classification"
    assert data.classes == ("negative", "positive")
    assert data.train.x.tolist() == ["Good  good film!", "bad\u2028film"]
    assert data.test.x.tolist() == ["awful\tgood"]
    assert (data.train.y.tolist(), data.test.y.tolist()) == ([1, 0], [0])


def test_a_review_of_another_form_names_its_line(folder):
    (folder / "imdb").mkdir()
    for part in ("train", "test"):
        path = folder / "imdb" / f"imdb_{part}.tsv.xz"
        path.write_bytes(lzma.compress(b"1\t9\t0\tgood\n5 bad\n"))
    with pytest.raises(UserError, match="imdb_train.tsv.xz, line 2: expected label"):
        load("imdb")


def test_reviews_from_keras_are_numbered_alike(folder, monkeypatch):
    ranks = {"the": 1, "good": 2, "bad": 3}

    def load_data(start_char, oov_char, index_from):
        assert (start_char, oov_char, index_from) == (None, 0, 0)
        lists = np.array([[1, 2, 0], [3]], dtype=object)  # ranks, and 0 for a word left out
        return (lists, np.array([1, 0])), (lists, np.array([0, 1]))

    monkeypatch.setattr(keras.datasets.imdb, "get_word_index", lambda: ranks)
    monkeypatch.setattr(keras.datasets.imdb, "load_data", load_data)
    data = load("imdb")
    assert data.train.x.tolist() == [["the", "good"], ["bad"]]
    assert data.train.y.tolist() == [1, 0]


@pytest.mark.parametrize("name", NAMES)
def test_without_a_network_the_message_says_what_to_put_where(folder, name):
    with pytest.raises(UserError) as caught:
        load(name)
    message = str(caught.value)
    assert "URL fetch failure" in message
    assert f"into $KERASDL_DATA/{name}/" in message
    assert str(folder) in message
    assert {"imdb": "imdb_train.tsv.xz", "mnist": "train-images-idx3-ubyte.gz"}.get(
        name, ""
    ) in message


def test_a_data_folder_that_is_none_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("KERASDL_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(
        UserError, match="`KERASDL_DATA` must name a folder. Received: KERASDL_DATA="
    ):
        load("mnist")


def test_every_data_set_on_offer_has_its_loader():
    names = [record.name for record in DATASETS]
    assert len(set(names)) == len(names)
    assert {"digits", "iris", "wine", "breast-cancer", "diabetes", *NAMES} < set(names)
    for record in DATASETS:
        module, function = record.loader.split(":")
        import importlib

        assert callable(getattr(importlib.import_module(module), function))
        assert record.network == (record.name in NAMES)


def test_fashion_mnist_is_read_from_the_real_files(data_folder):
    if not (data_folder / "fashion_mnist").is_dir():
        pytest.skip(f"no Fashion-MNIST in {data_folder}")
    data = load("fashion-mnist")
    assert data.train.x.shape == (60000, 28, 28, 1)
    assert data.test.x.shape == (10000, 28, 28, 1)
    assert (data.train.x.dtype, data.train.y.dtype) == ("uint8", "int32")

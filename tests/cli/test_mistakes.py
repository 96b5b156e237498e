"""A user's mistake: one message with argument, rule, value, way out; status 2; nothing written."""

import gzip
import os
import resource
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


def table(path, text):
    path.write_text(text)
    return path


def images(folder, sizes):
    for number, size in enumerate(sizes):
        place = folder / ("cats" if number % 2 else "dogs")
        place.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(number).integers(0, 255, (size, size), dtype="uint8")
        Image.fromarray(pixels).save(place / f"{number}.png")
    return folder


def idx(folder, keep):
    """A folder in the form of the MNIST family, the training images cut to `keep` bytes."""
    folder.mkdir()
    for split, count in (("train", 20), ("t10k", 10)):
        pixels = struct.pack(">IIII", 0x803, count, 4, 4) + bytes(count * 16)
        labels = struct.pack(">II", 0x801, count) + bytes(i % 2 for i in range(count))
        if split == "train":
            pixels = pixels[:keep]
        (folder / f"{split}-images-idx3-ubyte.gz").write_bytes(gzip.compress(pixels))
        (folder / f"{split}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(labels))
    return folder


def arrays(path, **changes):
    given = {"x": np.zeros((40, 3), "float32"), "y": np.arange(40) % 2} | changes
    np.savez(path, **given)
    return path


def nan(value):
    x = np.zeros((40, 3), "float32")
    x[7, 1] = value
    return x


ROWS = "a,b,price\n" + "".join(f"{i},{i % 3},{i * 2.5}\n" for i in range(40))

DATA = {
    "nan": (lambda f: arrays(f / "d.npz", x=nan(np.nan)), (), "d.npz"),
    "infinity": (lambda f: arrays(f / "d.npz", x=nan(np.inf)), (), "d.npz"),
    "negative label": (lambda f: arrays(f / "d.npz", y=np.arange(40) % 2 - 1), (), "-1"),
    "unequal length": (lambda f: arrays(f / "d.npz", y=np.arange(39) % 2), (), "39"),
    "one class": (lambda f: arrays(f / "d.npz", y=np.zeros(40, int)), (), "class"),
    "truncated npz": (lambda f: cut(arrays(f / "d.npz"), 200), (), "d.npz"),
    "no npz": (lambda f: table(f / "d.npz", "no zip"), (), "d.npz"),
    "pickled npy": (lambda f: pickled(f / "d.npy"), ("--target", "d.npy"), "pickle"),
    "truncated idx": (lambda f: idx(f / "d", 100), (), "train-images"),
    "mixed sizes": (lambda f: images(f / "d", [8, 8, 8, 9] * 5), (), "image_size"),
    "empty folder": (lambda f: (f / "d").mkdir() or f / "d", (), "d"),
    "csv without target": (lambda f: table(f / "d.csv", ROWS), (), "target"),
    "csv with wrong target": (lambda f: table(f / "d.csv", ROWS), ("--target", "prize"), "price"),
    "csv without rows": (lambda f: table(f / "d.csv", "a,b\n"), ("--target", "b"), "row"),
    "missing file": (lambda f: f / "absent.csv", ("--target", "b"), "absent.csv"),
    "unknown data": (lambda f: "digit", (), "'digits'"),
}


def cut(path, keep):
    path.write_bytes(path.read_bytes()[:keep])
    return path


def pickled(path):
    with path.open("wb") as file:
        np.save(file, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    return path


@pytest.mark.parametrize("case", DATA)
def test_bad_data_is_one_message(kerasdl, tmp_path, case):
    make, options, word = DATA[case]
    done = kerasdl("train", "mlp", "--data", make(tmp_path), "--run-dir", "run", *options)
    assert_one_message(done, word)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (["train", "mpl", "--data", "iris"], "'mlp'"),
        (["train", "mlp", "--data", "iris", "--set", "widht=3"], "'widths'"),
        (
            ["train", "mlp", "--data", "iris", "--set", "dropout=1.5"],
            "`dropout` must be float, in [0",
        ),
        (["train", "mlp", "--data", "iris", "--set", "dropout"], "FIELD=VALUE"),
        (["train", "mlp", "--data", "iris", "--set", "activation=rellu"], "relu"),
        (["train", "mlp", "--data", "iris", "--epochs", "0"], "`epochs` must be int, at least 1"),
        (["train", "mlp", "--data", "iris", "--batch-size", "-3"], "`batch_size` must be int"),
        (
            ["train", "mlp", "--data", "iris", "--learning-rate", "nan"],
            "`learning_rate` must be float",
        ),
        (["train", "mlp", "--data", "iris", "--optimizer", "adamm"], "unknown optimizer 'adamm'"),
        (["train", "mlp", "--data", "iris", "--loss", "crossentropi"], "unknown loss"),
        (["train", "mlp", "--data", "iris", "--schedule", "cosin"], "`schedule` must be cosine"),
        (["train", "mlp", "--data", "iris", "--schedule", "cosin(9)"], "Did you mean 'cosine'"),
        (["train", "mlp", "--data", "iris", "--optimizer", "adam(0.1)"], "NAME(ARGUMENT=VALUE"),
        (["train", "mlp", "--data", "iris", "--optimizer", "adam(beta=0.1)"], "beta"),
        (["train", "mlp", "--data", "iris", "--regularizer", "l3"], "unknown regularizer 'l3'"),
        (
            ["train", "mlp", "--data", "iris", "--regularizer", "weight-elimination(scale=0)"],
            "`scale` must be",
        ),
        (["compress", "taken"], "taken is no run folder"),
        (["gradcheck", "mpl"], "'mlp'"),
        (["gradcheck", "mlp", "--set", "widht=3"], "'widths'"),
        (["gradcheck", "mlp", "--input-shape", "8,x"], "`--input-shape` must be positive"),
        (["train", "mlp", "--data", "iris", "--preprocessing", "scale"], "preprocessing"),
        (["train", "mlp", "--data", "iris", "--task", "translation"], "translation"),
        (["train", "mlp", "--data", "iris", "--backend", "theano"], "`backend` must be one of"),
        (["train", "cnn", "--data", "iris"], "does not serve the task 'tabular-classification'"),
        (["train", "mlp", "--data", "iris", "--from", "nowhere"], "there is no model at nowhere"),
        (["train", "mlp", "--data", "iris", "--freeze", "nothing"], "matches no layer"),
        (["train", "mlp"], "`data` must be given"),
        (["train", "--config", "absent.toml"], "absent.toml"),
        (["train", "mlp", "--data", "iris", "--run-dir", "taken"], "`run-dir` must not exist"),
        (
            ["train", "mlp", "--data", "iris", "--run-dir", "file/run"],
            "a part of the path is a file",
        ),
        (["evaluate", "taken"], "taken is no run folder"),
        (["predict", "taken", "x.png"], "taken is no run folder"),
        (["describe", "mpl"], "'mlp'"),
        (["trian"], "Did you mean 'train'?"),
    ],
    ids=lambda value: " ".join(value)[:60] if isinstance(value, list) else "",
)
def test_bad_argument_is_one_message(kerasdl, tmp_path, options, word):
    (tmp_path / "taken").mkdir()
    (tmp_path / "file").write_text("")
    assert_one_message(kerasdl(*options), word)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "taken"]
    assert not list((tmp_path / "taken").iterdir())


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("epochs = ", "is not TOML"),
        ("epoch = 3", "unknown entry 'epoch'. Did you mean 'epochs'"),
        ("epochs = 'many'", "`epochs` must be int"),
        ("fields = 3", "`fields` must be a table"),
        ("optimizer = 3", "`optimizer` must be a string"),
        ("freeze = [1]", "`freeze` must be strings"),
        ("image_size = [8]", "`image_size` must be two positive integers"),
    ],
)
def test_bad_configuration_is_one_message(kerasdl, tmp_path, text, word):
    file = table(tmp_path / "c.toml", f"architecture = 'mlp'\ndata = 'iris'\n{text}\n")
    assert_one_message(kerasdl("train", "--config", file), word)


def locked(folder):
    """A folder nobody may write to: for root, who may write everywhere, one of the kernel's."""
    if os.geteuid() == 0:
        return Path("/sys")
    folder.mkdir(mode=0o500)
    return folder


@pytest.mark.skipif(not Path("/sys/kernel").is_dir(), reason="no Linux")
def test_read_only_folder_is_one_message(kerasdl, tmp_path):
    run = locked(tmp_path / "locked") / "run"
    done = kerasdl("train", "mlp", "--data", "iris", "--run-dir", run)
    assert_one_message(done, f"cannot write {run}: ")


def test_full_disk_is_one_message_and_leaves_nothing(kerasdl, tmp_path):
    """A limit on file size stands in for a full disk: the same refusal while writing."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        done = kerasdl("train", "mlp", "--data", "iris", "--epochs", "1", "--run-dir", "run")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert_one_message(done, "cannot write")
    assert not (tmp_path / "run").exists()


def assert_one_message(done, word):
    beside = ("warning:", "data:")  # what is found in the data is told before a model is made
    lines = [line for line in done.errors.splitlines() if not line.startswith(beside)]
    assert done.status == 2, (done.errors, done.output)
    assert len(lines) == 1, done.errors
    assert lines[0].startswith("error: ")
    assert word in lines[0], lines[0]
    assert "Traceback" not in done.errors

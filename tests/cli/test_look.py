import json
import shutil

import keras
import numpy as np
import pytest
from PIL import Image

from kerasdl import plots
from kerasdl.training import RunConfig, train

PICTURES = ["feature_maps.png", "filters.png", "grad_cam.png"]
CLASSES = ["dark", "bright"]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run folder on images that are bright or dark, a third of them mislabelled."""
    folder = tmp_path_factory.mktemp("look")
    rng = np.random.default_rng(0)
    y = np.arange(90) % 2
    x = rng.integers(0, 100, (90, 8, 8, 1)) + 150 * y[:, None, None, None]
    labels = np.array(CLASSES)[np.where(np.arange(90) % 3 == 0, 1 - y, y)]
    np.savez(folder / "shades.npz", x=x.astype("uint8"), y=labels)
    (folder / "run").mkdir()
    config = RunConfig(architecture="cnn", data=str(folder / "shades.npz"))
    config.save(folder / "run" / "config.toml")
    about = {
        "task": "image-classification",
        "labels": ["bright", "dark"],
        "inputs": {
            "kind": "images",
            "shape": [8, 8, 1],
            "dtype": "uint8",
            "value_range": [0, 255],
        },
    }
    (folder / "run" / "task.json").write_text(json.dumps(about))
    network().save(folder / "run" / "model.keras")
    for name in ("confusion.png", "mistakes.png"):
        (folder / "run" / name).touch()
    return folder / "run"


def network():
    """Two convolutions and a mean that tell brightness."""
    inputs = keras.Input((8, 8, 1), dtype="uint8")
    x = keras.layers.Rescaling(1 / 255)(inputs)
    x = keras.layers.Conv2D(2, 3, padding="same", kernel_initializer="ones", name="conv1")(x)
    x = keras.layers.Activation("relu", name="relu1")(x)
    x = keras.layers.MaxPooling2D(2, name="pool")(x)
    x = keras.layers.Conv2D(2, 1, kernel_initializer="ones", name="conv2")(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    head = keras.layers.Dense(2, name="head")
    model = keras.Model(inputs, head(x))
    # Sums of 18 pixels in [0, 1]: 7 in the dark, 14 in the light
    head.set_weights([np.array([[1.0, 0.0], [1.0, 0.0]]), np.array([-21.0, 0.0])])
    return model


@pytest.fixture
def copy(run, tmp_path):
    """The run with another network in it."""

    def make(*layers):
        folder = tmp_path / "copy"
        shutil.copytree(run, folder, ignore=shutil.ignore_patterns("inside"))
        keras.Sequential([keras.Input((8, 8, 1)), *layers], name="other").save(
            folder / "model.keras"
        )
        return folder

    return make


@pytest.mark.long
@pytest.mark.parametrize("architecture", ["cnn", "cifar-resnet"])
def test_trained_networks_are_looked_into(kerasdl, tmp_path, architecture):
    train(RunConfig(architecture=architecture, data="digits", epochs=1), tmp_path / "run")
    done = kerasdl("look", "run")
    assert done.status == 0, done.errors
    assert names(tmp_path / "run" / "inside") == PICTURES


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_half_of_the_test_samples_shown_are_mistakes(kerasdl, run, monkeypatch):
    before = names(run)
    seen = []
    draw = plots.heat_maps
    monkeypatch.setattr(plots, "heat_maps", lambda *a: (seen.append(a), draw(*a))[1])
    done = kerasdl("look", run, "--count", "4")
    assert done.status == 0, done.errors
    ((images, heat, titles, _, layer),) = seen
    assert images.shape == (4, 8, 8, 1) and heat.shape == (4, 8, 8)
    pairs = [title.replace("true ", "").replace("said ", "").split("\n") for title in titles]
    assert [true == said.split(" ")[0] for true, said in pairs] == [True, True, False, False]
    assert layer == "conv2"

    assert names(run / "inside") == PICTURES
    assert sorted({*before, "inside"}) == names(run)
    lines = done.output.splitlines()
    assert sorted(lines[:3]) == [str(run / "inside" / name) for name in PICTURES]
    assert lines[3].startswith("from training: ")
    assert str(run / "confusion.png") in lines[3] and str(run / "mistakes.png") in lines[3]


def test_own_images_a_layer_and_a_class(kerasdl, run, tmp_path):
    for name in "abcde":
        Image.fromarray(np.full((8, 8), 200, "uint8")).save(tmp_path / f"{name}.png")
    shutil.copytree(run, tmp_path / "moved")
    config = (tmp_path / "moved" / "config.toml").read_text("utf-8")
    (tmp_path / "moved" / "config.toml").write_text(config.replace("shades.npz", "gone.npz"))
    files = [tmp_path / f"{name}.png" for name in "abcde"]
    options = ["--layer", "relu1", "--class", "bright", "--count", "4", "--out", "here"]
    done = kerasdl("look", tmp_path / "moved", *files, *options)
    assert done.status == 0, done.errors
    assert names(tmp_path / "here") == PICTURES
    assert "the first 4 of 5 inputs are shown" in done.errors


def test_unknown_layer_or_class_lists_those_there_are(kerasdl, run, tmp_path):
    done = kerasdl("look", run, "--layer", "conv9", "--out", "out")
    assert done.status == 2
    assert "one with feature maps: conv1, relu1, pool, conv2" in done.errors
    done = kerasdl("look", run, "--class", "brigt", "--out", "out")
    assert done.status == 2 and "Did you mean 'bright'?" in done.errors
    assert not (tmp_path / "out").exists()


def test_dense_network_on_images_shows_its_first_weights(kerasdl, copy):
    folder = copy(keras.layers.Flatten(), keras.layers.Dense(4), keras.layers.Dense(2))
    done = kerasdl("look", folder)
    assert done.status == 0, done.errors
    assert names(folder / "inside") == ["filters.png"]
    assert "the network has no convolution, and so no feature maps and no Grad-CAM" in done.errors
    for option in (["--layer", "dense"], ["--class", "dark"]):
        done = kerasdl("look", folder, *option)
        assert done.status == 2 and "the network has no convolution" in done.errors


def test_network_with_nothing_to_show_is_refused(kerasdl, copy):
    folder = copy(keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(2))
    done = kerasdl("look", folder)
    assert done.status == 2
    assert "no convolution" in done.errors and "nor weights that are an image" in done.errors
    assert not (folder / "inside").exists()


def test_run_on_a_table_is_refused(kerasdl, run, tmp_path):
    folder = tmp_path / "table"
    shutil.copytree(run, folder)
    about = json.loads((folder / "task.json").read_text("utf-8"))
    about["inputs"] = {"kind": "table", "shape": [4]}
    (folder / "task.json").write_text(json.dumps(about))
    done = kerasdl("look", folder, "some.csv")
    assert done.status == 2 and "is for runs on images" in done.errors
    assert kerasdl("look", tmp_path / "nothing", "a.png").status == 2

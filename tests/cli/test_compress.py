import json
from pathlib import Path

import keras
import numpy as np
import pytest

from kerasdl import load_model
from kerasdl.training import RunConfig, train


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run whose first hidden layer has 24 units, 15 of them read by nobody."""
    folder = tmp_path_factory.mktemp("runs") / "iris"
    config = RunConfig(
        architecture="mlp", data="iris", fields={"widths": (24, 8)}, epochs=2, learning_rate=0.02
    )
    model = train(config, folder).model
    kernel, bias = inner(model).get_layer("hidden2").get_weights()
    kernel[9:] = 0
    inner(model).get_layer("hidden2").set_weights([kernel, bias])
    model.save(folder / "model.keras")
    return folder


def inner(model):
    return next(layer for layer in model.layers if isinstance(layer, keras.Model))


def test_units_nobody_reads_go_and_predictions_stay(kerasdl, run):
    before = sorted(path.name for path in run.iterdir())
    done = kerasdl("compress", run, "--run-dir", "small")
    assert done.status == 0, done.errors
    rows = {line.split()[0]: line.split()[1:] for line in done.output.splitlines() if line}
    assert rows["mlp/hidden1"] == ["24", "9"] and rows["mlp/hidden2"] == ["8", "8"]
    # 4 inputs, 24 then 8 units, 3 classes; with 9 in place of 24.
    assert rows["parameters"] == [
        str(4 * 24 + 24 + 24 * 8 + 8 + 27),
        str(4 * 9 + 9 + 9 * 8 + 8 + 27),
    ]
    assert rows["accuracy"][0] == rows["accuracy"][1]
    x = np.random.default_rng(0).normal(5, 2, size=(6, 4)).astype("float32")
    one, other = (load_model(folder).predict(x, verbose=0) for folder in (run, "small"))
    np.testing.assert_allclose(other, one, rtol=1e-5, atol=1e-6)
    assert sorted(path.name for path in run.iterdir()) == before
    about = json.loads(Path("small/compression.json").read_text("utf-8"))
    assert about["layers"]["mlp/hidden1"] == [24, 15]


def test_smaller_run_is_trained_on_and_used_as_any_run(kerasdl, run, tmp_path):
    (tmp_path / "x.csv").write_text("a,b,c,d\n5.1,3.5,1.4,0.2\n")
    done = kerasdl("compress", run, "--run-dir", "small", "--epochs", "30", "--json")
    figures = json.loads(done.output[done.output.index("{") :])["figures"]
    assert figures["after"]["accuracy"] > 0.85
    assert f"{figures['after']['accuracy']:.4f}" in kerasdl("evaluate", "small").output


def test_existing_folder_is_left_alone(kerasdl, run, tmp_path):
    (tmp_path / "taken").mkdir()
    done = kerasdl("compress", run, "--run-dir", "taken")
    assert done.status == 2 and "`run-dir` must not exist" in done.errors
    assert not list((tmp_path / "taken").iterdir())

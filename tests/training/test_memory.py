import json

import keras
import numpy as np
import pytest

from kerasdl.cli import main
from kerasdl.errors import UserError
from kerasdl.training import RunConfig, train, train_within_memory
from kerasdl.training.config import read_config
from kerasdl.training.memory import smaller_sizes

FIELDS = {"widths": (8,)}


@pytest.fixture
def arrays(tmp_path, rng):
    """128 samples to train on, 32 to test with."""
    x = rng.normal(size=(160, 4)).astype("float32")
    np.savez(tmp_path / "made.npz", x=x, y=(x[:, 0] > 0).astype("int32"))
    return str(tmp_path / "made.npz")


@pytest.fixture
def memory(monkeypatch):
    """Lets a step with more samples than `limit` fail as the backend itself fails."""

    def only_for(limit):
        plain, tried = keras.Model.fit, []

        def fit(self, x=None, **options):
            tried.append(x.batch_size)
            if x.batch_size > limit:
                keras.ops.convert_to_numpy(keras.ops.zeros((10**7, 10**6)))
            return plain(self, x, **options)

        monkeypatch.setattr(keras.Model, "fit", fit)
        return tried

    return only_for


def config(data, **values):
    common = {"epochs": 1, "optimizer": "sgd", "learning_rate": 0.1, "validation": 0.0}
    return RunConfig(architecture="mlp", data=data, fields=FIELDS, **{**common, **values})


def test_sizes_are_divisors_at_most_half_each():
    assert list(smaller_sizes(64)) == [32, 16, 8, 4, 2, 1]
    assert list(smaller_sizes(60)) == [30, 15, 6, 3, 1]
    assert list(smaller_sizes(7)) == [1]
    assert list(smaller_sizes(1)) == []


def test_it_says_which_size_fits_and_leaves_nothing(arrays, memory, tmp_path):
    tried = memory(limit=20)
    with pytest.raises(UserError) as caught:
        train_within_memory(config(arrays, batch_size=64), tmp_path / "run")
    message = str(caught.value)
    assert message.startswith("memory ran out with batches of 64 (")
    assert "A step with 16 fits: give --batch-size 16, or --fit-memory" in message
    assert "accumulated over 4" in message
    assert tried == [64, 32, 16]
    assert not (tmp_path / "run").exists()


def test_when_asked_it_trains_with_what_fits(arrays, memory, tmp_path, capsys):
    memory(limit=20)
    arguments = ["train", "mlp", "--data", arrays, "--set", "widths=8", "--epochs", "1"]
    with pytest.raises(SystemExit) as ended:
        main([*arguments, "--batch-size", "64", "--fit-memory", "--run-dir", str(tmp_path / "run")])
    assert ended.value.code == 0
    assert "begins anew with batches of 16 and gradients accumulated over 4" in (
        capsys.readouterr().err
    )
    saved = read_config(tmp_path / "run" / "config.toml")
    assert (saved["batch_size"], saved["accumulate"]) == (16, 4)
    assert json.loads((tmp_path / "run" / "results.json").read_text())["status"] == "finished"


def test_accumulated_batches_make_the_updates_of_whole_ones(arrays, tmp_path):
    how = {"schedule": "constant", "epochs": 2}
    whole = train(config(arrays, batch_size=32, **how), tmp_path / "whole")
    parts = train(config(arrays, batch_size=8, accumulate=4, **how), tmp_path / "parts")
    for mine, theirs in zip(parts.model.variables, whole.model.variables, strict=True):
        mine, theirs = (keras.ops.convert_to_numpy(variable) for variable in (mine, theirs))
        np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-6)
    assert int(keras.ops.convert_to_numpy(parts.model.optimizer.iterations)) == 8


def test_nothing_fits(arrays, memory, tmp_path):
    memory(limit=0)
    with pytest.raises(UserError, match="no smaller one fits"):
        train_within_memory(config(arrays, batch_size=2), tmp_path / "run", shrink=True)


def test_other_failures_are_not_touched(arrays, monkeypatch, tmp_path):
    def fit(*_, **__):
        raise RuntimeError("something else")

    monkeypatch.setattr(keras.Model, "fit", fit)
    with pytest.raises(RuntimeError, match="something else"):
        train_within_memory(config(arrays), tmp_path / "run", shrink=True)

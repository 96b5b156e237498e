import json

import keras
import numpy as np
import pytest

from kerasdl import load_model
from kerasdl.cli import main
from kerasdl.errors import UserError
from kerasdl.training import RunConfig, train
from kerasdl.training.advice import advice
from kerasdl.training.records import read_record

DIVERGES = {
    "architecture": "linear-regression",
    "data": "diabetes",
    "optimizer": "sgd",
    "schedule": "constant",
    "learning_rate": 30.0,
    "batch_size": 4,
    "epochs": 3,
}


def finite(model):
    return all(np.isfinite(keras.ops.convert_to_numpy(v)).all() for v in model.variables)


def test_a_training_that_diverges_is_stopped_and_saved_sound(tmp_path, capsys):
    with pytest.raises(SystemExit) as ended, pytest.warns(UserWarning):
        main(
            [
                *("train", "linear-regression", "--data", "diabetes", "--optimizer", "sgd"),
                *("--schedule", "constant", "--learning-rate", "30", "--batch-size", "4"),
                *("--epochs", "3", "--run-dir", str(tmp_path / "run")),
            ]
        )
    assert ended.value.code == 0
    said = capsys.readouterr()
    assert "status      stopped by the guard" in said.out
    assert "guard: step " in said.err and "training stops" in said.err
    results = json.loads((tmp_path / "run" / "results.json").read_text())
    assert results["status"] == "stopped by the guard"
    (event,) = results["guard"]
    assert (event["kind"], event["loss"]) == ("not finite", "inf")
    assert finite(load_model(tmp_path / "run"))
    assert np.isfinite(list(results["test"].values())).all()
    record = read_record(tmp_path / "run")
    assert record.status == "stopped by the guard"
    assert (advice(record)[0].check, advice(record)[0].evidence) == ("guard", event["text"])
    page = (tmp_path / "run" / "report.html").read_text("utf-8")
    assert '">stopped by the guard</span>' in page and event["text"] in page


def test_rolling_back_lowers_the_rate_until_it_trains(tmp_path):
    with pytest.warns(UserWarning):
        run = train(
            RunConfig(**{**DIVERGES, "learning_rate": 0.5}, guard="roll-back"), tmp_path / "run"
        )
    actions = [event["action"] for event in run.guarded]
    assert actions[0] == "back to the weights before step 0; learning rate 0.5 -> 0.25"
    assert run.status == "finished"
    assert finite(run.model)


def test_weights_are_the_same_with_and_without_a_guard(tmp_path):
    fields = {"widths": (8,), "normalization": "batch"}
    common = {"architecture": "mlp", "data": "iris", "fields": fields, "epochs": 2}
    plain, guarded = (
        train(RunConfig(**common, guard=guard), tmp_path / guard) for guard in ("off", "skip")
    )
    assert guarded.guarded == []
    for mine, theirs in zip(guarded.model.variables, plain.model.variables, strict=True):
        np.testing.assert_array_equal(
            keras.ops.convert_to_numpy(mine), keras.ops.convert_to_numpy(theirs)
        )


def test_unknown_guard_is_refused():
    with pytest.raises(UserError, match="`guard` must be .*one of stop.*Received: guard='pray'"):
        RunConfig(**DIVERGES, guard="pray")

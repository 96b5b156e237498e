"""A run that was broken off goes on where it was."""

import json
import os
import signal
import threading

import keras
import numpy as np
import pytest

from kerasdl.data import Batches
from kerasdl.errors import UserError
from kerasdl.training import RunConfig, resume, train
from kerasdl.training.signals import leaving

CONFIG = RunConfig(
    architecture="mlp",
    data="wine",
    fields={"widths": (6,), "dropout": 0.2},
    epochs=3,
    batch_size=16,
    learning_rate=0.01,
    checkpoint_steps=2,
)


class Killed(Exception):
    """In the place of a kill."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return train(CONFIG, tmp_path_factory.mktemp("runs") / "whole")


@pytest.fixture
def killed(tmp_path, monkeypatch):
    """The folder of a run that ended at its twelfth batch of ten an epoch, without a word."""
    original, seen = Batches.batch, []

    def batch(self, index):
        if len(self) > 3:  # training, not validation
            seen.append(index)
            if len(seen) > 14:
                raise Killed
        return original(self, index)

    with monkeypatch.context() as patch:
        patch.setattr(Batches, "batch", batch)
        with pytest.raises(Exception, match="Killed|^$"):
            train(CONFIG, tmp_path / "run")
    return tmp_path / "run"


def assert_same_weights(run, other):
    for own, theirs in zip(variables(run.model), variables(other.model), strict=True):
        np.testing.assert_array_equal(
            keras.ops.convert_to_numpy(own), keras.ops.convert_to_numpy(theirs), own.path
        )


def variables(model):
    """Seeds of layers among them."""
    return [*model.variables, *model.optimizer.variables]


def test_it_ends_as_the_run_never_broken_off(whole, killed):
    assert not (killed / "results.json").exists()
    run = resume(killed)
    assert run.status == "finished"
    assert (killed / "metrics.csv").read_text() == (whole.folder / "metrics.csv").read_text()
    assert_same_weights(run, whole)
    results, expected = (
        json.loads((folder / "results.json").read_text()) for folder in (killed, whole.folder)
    )
    assert results["test"] == expected["test"]
    about = json.loads((killed / "environment.json").read_text())
    assert [piece["backend"] for piece in about["resumed"]] == [keras.backend.backend()]
    assert not (killed / ".lock").exists()


@pytest.mark.long
def test_killed_while_it_was_measured(whole, tmp_path, monkeypatch):
    """All is trained; figures and pictures are made again, from the same weights."""

    def die(*_):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("kerasdl.training.carrying_out._finish", die)
        with pytest.raises(Killed):
            train(CONFIG, tmp_path / "run")
    (tmp_path / "run" / ".part-x.json").write_text("{")
    run = resume(tmp_path / "run")
    assert (run.folder / "metrics.csv").read_text() == (whole.folder / "metrics.csv").read_text()
    assert json.loads((run.folder / "results.json").read_text())["epochs"] == CONFIG.epochs
    assert not list(run.folder.glob(".part-*"))
    assert_same_weights(run, whole)


def test_an_ended_run_and_no_run_are_refused(whole, tmp_path):
    with pytest.raises(UserError, match="has ended: finished. To train .* again: kerasdl train"):
        resume(whole.folder)
    with pytest.raises(UserError, match="is no run folder"):
        resume(tmp_path)


@pytest.mark.long
def test_a_start_that_was_killed_leaves_the_name_free(whole, tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / ".lock").write_text("1")
    (folder / ".part-x.toml").write_text("")
    assert train(CONFIG, folder).status == "finished"
    with pytest.raises(UserError, match="must not exist yet.*kerasdl resume"):
        train(CONFIG, folder)


@pytest.mark.parametrize(
    ("number", "status"),
    [pytest.param(signal.SIGINT, 130, marks=pytest.mark.long), (signal.SIGTERM, 143)],
)
def test_a_signal_saves_and_leaves(whole, tmp_path, monkeypatch, capsys, number, status):
    from kerasdl.cli import main

    original, seen = Batches.batch, []

    def batch(self, index):
        seen.append(index)
        if len(seen) == 12:
            os.kill(os.getpid(), number)
        return original(self, index)

    folder = tmp_path / "run"
    CONFIG.save(tmp_path / "config.toml")
    with monkeypatch.context() as patch:
        patch.setattr(Batches, "batch", batch)
        with pytest.raises(SystemExit) as left:
            main(["train", "--config", str(tmp_path / "config.toml"), "--run-dir", str(folder)])
    assert left.value.code == status
    assert f"kerasdl resume {folder}" in capsys.readouterr().err
    assert json.loads((folder / "results.json").read_text())["status"] == "interrupted"
    assert f"kerasdl resume {folder}" in (folder / "report.html").read_text("utf-8")
    assert (folder / "model.keras").exists() == (number == signal.SIGINT)
    run = resume(folder)
    assert run.status == "finished"
    assert_same_weights(run, whole)


@pytest.mark.long
def test_a_signal_after_the_last_step_leaves_the_measuring_to_resume(whole, tmp_path, monkeypatch):
    from kerasdl.training.log import MetricsLog

    original = MetricsLog.on_epoch_end

    def ended(self, epoch, logs=None):
        original(self, epoch, logs)
        if epoch + 1 == CONFIG.epochs:
            os.kill(os.getpid(), signal.SIGTERM)

    with monkeypatch.context() as patch:
        patch.setattr(MetricsLog, "on_epoch_end", ended)
        assert train(CONFIG, tmp_path / "run").status == "interrupted"
    assert not (tmp_path / "run" / "model.keras").exists()
    run = resume(tmp_path / "run")
    assert run.status == "finished"
    assert_same_weights(run, whole)


@pytest.mark.once
def test_a_second_signal_ends_at_once():
    asked_to_leave, before = [], signal.getsignal(signal.SIGINT)
    with leaving(lambda: asked_to_leave.append(True)) as asked:
        os.kill(os.getpid(), signal.SIGTERM)
        assert (asked.number, asked_to_leave) == (signal.SIGTERM, [True])
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.once
def test_another_thread_than_the_main_one_has_no_signals():
    found = []

    def work():
        with leaving(print) as asked:
            found.append((asked.number, signal.getsignal(signal.SIGTERM)))

    before = signal.getsignal(signal.SIGTERM)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [(0, before)]

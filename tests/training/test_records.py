"""Records are read from files alone, and nothing in a folder makes them raise."""

import pytest

from kerasdl.errors import UserError
from kerasdl.folder_lock import LOCK, FolderLock
from kerasdl.training.comparison import compare
from kerasdl.training.differences import between, from_defaults
from kerasdl.training.records import RunRecord, find_runs, main_name, read_record

pytestmark = pytest.mark.once


def test_record_of_a_finished_run(made_run):
    record = read_record(made_run())
    assert (record.status, record.epochs, record.seconds) == ("finished", 5, 75.0)
    assert record.main_figure == ("test accuracy", 0.975)
    assert record.history["loss"] == [2.0, 1.0, 2 / 3, 0.5, 0.4]
    assert record.started.isoformat().startswith("2026-03-01T") or record.started.year == 2026
    assert record.faults == []


def test_run_without_results_shows_its_last_epoch(made_run):
    record = RunRecord(made_run(results__json=None))
    assert record.main_figure == ("val accuracy", pytest.approx(1 - 1.1 / 6))
    assert record.epochs == 5
    early = RunRecord(made_run("early", results__json=None, metrics__csv=None))
    assert (early.epochs, early.main_figure) == (0, None)


def test_the_lock_says_how_a_run_without_results_is(made_run):
    folder = made_run(results__json=None)
    assert RunRecord(folder).status == "failed"
    lock = FolderLock(folder)
    assert RunRecord(folder).status == "running"
    lock.release()
    (folder / LOCK).write_text("1")  # what a killed process leaves
    assert RunRecord(folder).status == "interrupted"


def test_half_written_row_is_left_out(made_run):
    record = RunRecord(made_run(metrics__csv="epoch,loss\n1,0.5\n2,0.4\n3,0."))
    assert record.history == {"epoch": [1.0, 2.0], "loss": [0.5, 0.4]}
    assert record.faults == []


BROKEN = {
    "config.toml": ["architecture = ", "\x00", "a" * 10],
    "results.json": [
        "{",
        "[1, 2]",
        '{"status": 3, "test": [1], "seconds": "x", "epochs": {}}',
        "[" * 9999,
    ],
    "environment.json": ["null", '{"started": "yesterday", "plugins": 3, "packages": []}'],
    "task.json": ["{]", '{"labels": 3, "inputs": "x", "task": null}'],
    "metrics.csv": ["epoch,loss\n1,\n", "epoch,loss\n1,2,3\n", 'a,"b\n1,2\n', "epoch,loss\n1\n"],
}


@pytest.mark.parametrize(
    ("file", "content"), [(file, text) for file, texts in BROKEN.items() for text in texts]
)
def test_broken_file_is_a_fault_or_ignored(made_run, file, content):
    from kerasdl.training.report import report_page

    folder = made_run(**{file.replace(".", "__"): content})
    record = RunRecord(folder)
    for name in ("status", "epochs", "figures", "main_figure", "seconds", "started", "history"):
        getattr(record, name)
    assert all(isinstance(fault, str) and file in fault for fault in record.faults)
    assert "<html" in report_page(record)


def test_unreadable_configuration_is_broken_and_said(made_run):
    record = RunRecord(made_run(config__toml="x = [", results__json=None))
    assert record.status == "broken"
    (fault,) = record.faults
    assert fault.startswith("config.toml cannot be read: ")
    undecodable = made_run("other", results__json=None)
    (undecodable / "metrics.csv").write_bytes(b"epoch,loss\n1,\xff\n")
    assert "metrics.csv" in RunRecord(undecodable).faults[0]


def test_runs_are_found_in_the_order_of_their_beginning(made_run, tmp_path):
    later = {**made_run.environment, "started": "2026-03-02T10:00:00+00:00"}
    made_run("runs/a", environment__json=later)
    made_run("runs/card/b")
    (tmp_path / "runs" / "pictures").mkdir()
    assert [record.name for record in find_runs(tmp_path / "runs")] == ["b", "a"]
    with pytest.raises(UserError, match="there is no folder"):
        find_runs(tmp_path / "nowhere")
    with pytest.raises(UserError, match="is no run folder"):
        read_record(tmp_path / "runs" / "pictures")


def test_the_figure_that_says_most():
    assert main_name({"loss": 1.0, "perplexity": 3.0, "accuracy": 0.5}) == "perplexity"
    assert main_name({"mae": 1.0, "rmse": 2.0}) == "rmse"
    assert main_name({"strange": 1.0}) == "strange"
    assert main_name({}) is None


def test_differences_from_the_defaults():
    config = {
        "architecture": "cnn",
        "data": "digits",
        "epochs": 20,
        "seed": 3,
        "callbacks": [],
        "fields": {"dropout": 0.5, "pool_size": 2, "dense": []},
    }
    found = from_defaults(config)
    assert found == {"seed": (3, 0), "set dropout": (0.5, 0.25)}
    unknown = from_defaults({**config, "architecture": "nobody-has-this"})
    assert set(unknown) == {"seed", "set dropout", "set pool_size"}


def test_settings_in_which_runs_differ():
    first = {"epochs": 5, "target": ["a"], "fields": {"width": 3}}
    second = {"epochs": 6, "target": ("a",), "fields": {"width": 3, "depth": 1}}
    assert between([first, second]) == {"epochs": [5, 6], "set depth": [None, 1]}


def test_comparison_knows_the_better_one(made_run):
    worse = {**made_run.results, "test": {"accuracy": 0.9, "log_loss": 0.2, "extra": 1.0}}
    found = compare([made_run("a"), made_run("b", results__json=worse)])
    assert found.figures == {
        "accuracy": [0.975, 0.9],
        "log_loss": [0.081, 0.2],
        "extra": [None, 1.0],
    }
    assert [found.best(name) for name in found.figures] == ["a", "a", None]
    with pytest.raises(UserError, match="two runs or more"):
        compare([found.records[0].folder])
    with pytest.raises(UserError, match="twice"):
        compare([found.records[0].folder, found.records[0].folder])


def test_equal_names_are_told_apart_by_their_paths(made_run):
    first, second = made_run("x/run"), made_run("y/run")
    assert compare([first, second]).names == [str(first), str(second)]

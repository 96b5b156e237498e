"""Folders of runs whose files are damaged: listed, shown, compared, and made a page of."""

import json

import pytest
from hypothesis import strategies as st

from kerasdl.cli import runs as commands
from kerasdl.training.report import write_report

FILES = {
    "config.toml": b'architecture = "mlp"\ndata = "iris"\nepochs = 3\n[fields]\nwidths = [8, 8]\n',
    "environment.json": json.dumps(
        {
            "kerasdl": "0.1.0",
            "started": "2026-01-01T10:00:00",
            "platform": "Linux",
            "processors": 2,
            "backend": "jax",
            "devices": ["cpu:0"],
            "packages": {"keras": "3.15.1"},
            "plugins": [{"distribution": "kerasdl-mlp", "plugin": "mlp", "version": "0", "sha256": "0"}],
            "command": ["kerasdl", "train"],
            "git": "abc",
        }
    ).encode(),
    "results.json": json.dumps(
        {
            "status": "finished",
            "epochs": 3,
            "seconds": 1.5,
            "first_step_seconds": 0.5,
            "parameters": 10,
            "test": {"accuracy": 0.9},
            "table": [{"class": "a", "recall": 0.5}],
            "measured_on": "validation",
            "notes": {"accuracy": "x"},
        }
    ).encode(),
    "task.json": b'{"task": "tabular-classification", "labels": ["a", "b"], "inputs": {"kind": "table", "shape": [4]}}',
    "metrics.csv": b"epoch,accuracy,loss,val_accuracy,val_loss\n1,0.5,1.0,0.4,1.1\n2,0.6,0.9,0.5,1.0\n3,0.7,0.8,0.5,1.2\n",
    "examples.json": b'{"rows": [{"text": "a", "expected": "x", "said": "y", "right": false}]}',
}  # fmt: skip


@pytest.fixture
def run(fuzz):
    """A run's folder with some files damaged."""

    def made(spoiled):
        for name, content in {**FILES, **spoiled}.items():
            fuzz.write(f"runs/run/{name}", content)
        return str(fuzz.folder / "runs" / "run")

    return made


@pytest.fixture
def spoilt(bytes_of):
    """Some of the files, damaged by bytes."""
    one = {name: bytes_of([content, *FILES.values()]) for name, content in FILES.items()}
    return st.fixed_dictionaries({}, optional=one)


def test_listed_and_shown(fuzz, run, spoilt, capsys):
    def act(spoiled):
        folder = run(spoiled)
        for json_ in (False, True):
            commands.list_(str(fuzz.folder / "runs"), json=json_)
            commands.show(folder, html=False, json=json_)
        capsys.readouterr()

    fuzz.run(spoilt, act)


def test_compared(fuzz, run, spoilt, capsys):
    def act(spoiled):
        folder = run(spoiled)
        commands.compare([folder, folder], out="", json=True)
        capsys.readouterr()

    fuzz.run(spoilt, act, most=5_000)


def test_page(fuzz, run, spoilt):
    def act(spoiled):
        write_report(run(spoiled), fuzz.free / "report.html")

    fuzz.run(spoilt, act, most=2_000)


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "'\"><img src=http://x.invalid/>"])
def test_what_a_file_says_is_text_in_the_page(tmp_path, text):
    """No value of a run's files becomes a part of the page."""
    inner = json.dumps(text)
    files = {
        "config.toml": f"architecture = {inner}\ndata = {inner}\n",
        "results.json": json.dumps({"status": text, "test": {text: 1.0}, "table": [{text: text}], "notes": {text: text}}),
        "environment.json": json.dumps({"backend": text, "platform": text, "git": text, "command": [text], "packages": {text: text}, "plugins": [{"plugin": text, "distribution": text}]}),
        "task.json": json.dumps({"task": text, "labels": [text]}),
        "examples.json": json.dumps({"rows": [{"text": text, "right": False, text: text}]}),
        "metrics.csv": "epoch,loss\n1,2\n2,1\n",
    }  # fmt: skip
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    page = write_report(tmp_path).read_text("utf-8")
    assert text not in page
    assert "alert(1)" in page or "x.invalid" in page

"""In processes of their own: on another backend, and the same bits twice."""

import csv
import os
import subprocess
import sys

import pytest

from kerasdl.backend.choice import is_installed

pytestmark = [pytest.mark.long, pytest.mark.once]

SETTINGS = (
    *("mlp", "--data", "digits", "--set", "widths=32", "--set", "dropout=0"),
    *("--epochs", "4", "--optimizer", "nesterov(momentum=0.9)", "--learning-rate", "0.02"),
    *("--checkpoint-steps", "5"),
)
KILLED = """
import os, sys
from kerasdl.data import Batches
original, seen = Batches.batch, []
def batch(self, index):
    seen.append(index)
    if len(seen) == 40:
        os.kill(os.getpid(), 9)
    return original(self, index)
Batches.batch = batch
from kerasdl.cli import main
main()
"""


def command(*arguments, script=None, **environment):
    start = ["-c", script] if script else ["-m", "kerasdl"]
    return subprocess.run(
        [sys.executable, *start, *map(str, arguments)],
        env={**os.environ, "KERAS_BACKEND": ""} | environment,
        capture_output=True,
        text=True,
    )


def losses(folder):
    with (folder / "metrics.csv").open() as file:
        return [(float(row["loss"]), float(row["val_loss"])) for row in csv.DictReader(file)]


@pytest.mark.parametrize(("first", "then"), [("jax", "tensorflow"), ("tensorflow", "jax")])
def test_a_run_goes_on_on_another_backend(tmp_path, first, then):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    done = command("train", *SETTINGS, "--backend", first, "--run-dir", whole)
    assert done.returncode == 0, done.stderr
    settings = (*SETTINGS, "--run-dir", broken)
    done = command("train", *settings, script=KILLED, KERAS_BACKEND=first)
    assert done.returncode == -9, done.stderr
    done = command("resume", broken, "--backend", then)
    assert done.returncode == 0, done.stderr
    expected = losses(whole)
    assert len(losses(broken)) == len(expected) == 4
    for own, other in zip(losses(broken), expected, strict=True):
        assert own == pytest.approx(other, rel=1e-3)


@pytest.mark.parametrize("backend", ["jax", "tensorflow", "torch"])
def test_deterministic_gives_the_same_bits_twice(tmp_path, backend):
    if not is_installed(backend):
        pytest.skip(f"{backend} is not installed")
    settings = ("cnn", "--data", "digits", "--set", "filters=8", "--epochs", "2", "--deterministic")
    rows = []
    for name in ("first", "second"):
        folder = tmp_path / name
        done = command("train", *settings, "--backend", backend, "--run-dir", folder)
        assert done.returncode == 0, done.stderr
        rows.append((folder / "metrics.csv").read_text())
    assert rows[0] == rows[1]
    assert len(rows[0].splitlines()) == 3

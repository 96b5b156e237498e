"""Trainings killed by SIGKILL at random moments end bit for bit as the one never killed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HARNESS = Path(__file__).with_name("harness.py")
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="attempts are forks")


def kill(backend, kills, work):
    command = [sys.executable, str(HARNESS), "--backend", backend, "--kills", str(kills)]
    # The trainings are the same each time: what was compiled for one serves all.
    environment = {**os.environ, "KERAS_BACKEND": backend}
    done = subprocess.run(
        [*command, "--work", str(work)], capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return done.stdout


@pytest.mark.once
def test_six_kills(tmp_path):
    assert "6 kills in" in kill("jax", 6, tmp_path)


@pytest.mark.long
@pytest.mark.once
@pytest.mark.parametrize("backend", ["jax", "tensorflow"])
def test_two_hundred_kills(backend, tmp_path):
    said = kill(backend, 200, tmp_path)
    print(said.splitlines()[-1])
    assert "200 kills in" in said

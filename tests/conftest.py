"""Which backend is tested, and what tests of several folders need."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import kerasdl.backend
from kerasdl.plugin import reset_host
from kerasdl.testing.distribution import write_distribution

kerasdl.backend.use(os.environ.get("KERAS_BACKEND"))


@pytest.fixture(autouse=True)
def seeded():
    """The same initial weights and draws in each run of a test."""
    if "keras" in sys.modules:
        sys.modules["keras"].utils.set_random_seed(20260101)


@pytest.fixture
def rng():
    """A generator with a fresh, fixed seed for each test."""
    return np.random.default_rng(20260101)


@pytest.fixture
def data_folder():
    """The folder of real data; a test that needs it is skipped where there is none."""
    folder = os.environ.get("KERASDL_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("KERASDL_DATA names no folder with the real data")
    return Path(folder)


MODEL = """
import keras


def build(config, spec):
    inputs = keras.Input(spec.input_shape)
    x = keras.layers.Flatten()(inputs)
    return keras.Model(inputs, keras.layers.Dense(spec.outputs, name="head")(x))
"""
SOUND = """
from kerasdl.plugin import Architecture, Field, hookimpl


@hookimpl
def kerasdl_architectures():
    yield Architecture(
        name="NAME",
        summary="sound",
        tasks=("image-classification", "tabular-classification"),
        builder="PACKAGE.model:build",
        config=(Field(name="width", type=int, default=4, minimum=1, maximum=64, help="Units"),),
    )
"""


class Site:
    """A folder of installed distributions."""

    def __init__(self, folder):
        self.folder = folder

    def add(self, name, plugin, model=MODEL, version="1.0", entry="plugin"):
        package = name.replace("-", "_")
        files = {
            f"{package}/__init__.py": "",
            f"{package}/plugin.py": plugin.replace("PACKAGE", package),
            f"{package}/model.py": model,
        }
        write_distribution(self.folder, name, files, {name: f"{package}.{entry}"}, version)

    def sound(self, name, architecture=None):
        self.add(name, SOUND.replace("NAME", architecture or name))

    def run(self, *arguments, **environment):
        return subprocess.run(
            [sys.executable, "-m", "kerasdl", *arguments],
            env={**os.environ, "PYTHONPATH": str(self.folder), **environment},
            capture_output=True,
            text=True,
            timeout=300,
        )


@pytest.fixture
def site(tmp_path, monkeypatch):
    """An import path with room for plugins; whatever is installed otherwise is left out."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    known = set(sys.modules)
    reset_host()
    yield Site(folder)
    reset_host()
    for name in set(sys.modules) - known:
        if name.startswith(("sound", "bad", "other", "many")):
            del sys.modules[name]


ENVIRONMENT = {
    "kerasdl": "0.1.0",
    "python": "3.11.7",
    "platform": "Linux",
    "processors": 2,
    "backend": "jax",
    "devices": ["cpu:0"],
    "packages": {"keras": "3.15.1", "jax": "0.10.2", "torch": "2.13.0"},
    "plugins": [
        {
            "plugin": "cnn",
            "distribution": "kerasdl-cnn",
            "version": "0.1.0",
            "sha256": "ab" * 32,
            "state": "loaded",
            "reason": "",
        }
    ],
    "started": "2026-03-01T10:00:00+00:00",
    "command": ["/usr/bin/kerasdl", "train", "cnn", "--data", "digits", "--epochs", "3"],
    "git": "0123456789ab",
}
METRICS = "epoch,loss,accuracy,val_loss,val_accuracy,learning_rate,gradient_norm\n" + "".join(
    f"{e},{2 / e},{1 - 1 / (e + 1)},{2.2 / e},{1 - 1.1 / (e + 1)},{0.01 / e},{3 / e}\n"
    for e in range(1, 6)
)
RESULTS = {
    "status": "finished",
    "epochs": 5,
    "seconds": 75.0,
    "parameters": 1234,
    "test": {"accuracy": 0.975, "log_loss": 0.081},
    "table": [{"class": "a", "precision": 0.5, "recall": 1.0, "f1": 2 / 3, "samples": 4}],
    "monitor": {"name": "val_accuracy", "mode": "max"},
    "data": {"name": "digits", "source": "scikit-learn", "license": ""},
    "samples": {"train": 80, "validation": 10, "test": 20},
}


@pytest.fixture
def made_run(tmp_path):
    """Writes the folder of a run that was never made: as given, what is None left out."""

    def make(name="run", **files):
        config = (
            'architecture = "cnn"\ndata = "digits"\nepochs = 5\nseed = 3\n[fields]\ndropout = 0.5\n'
        )
        task = {"task": "image-classification", "labels": ["a", "b"]}
        whole = {
            "config.toml": config,
            "environment.json": ENVIRONMENT,
            "metrics.csv": METRICS,
            "results.json": RESULTS,
            "task.json": task,
        }
        whole |= {key.replace("__", "."): value for key, value in files.items()}
        folder = tmp_path / name
        folder.mkdir(parents=True)
        for file, content in whole.items():
            if content is not None:
                text = content if isinstance(content, str) else json.dumps(content)
                (folder / file).write_text(text, "utf-8")
        return folder

    make.results, make.environment, make.metrics = RESULTS, ENVIRONMENT, METRICS
    return make

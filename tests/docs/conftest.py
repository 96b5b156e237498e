"""The site, built once for all tests of this folder."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def root():
    """The repository's root."""
    return ROOT


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """The folder of the site, strictly built; tutorials run with `--fast`."""
    pytest.importorskip("mkdocs")
    folder = tmp_path_factory.mktemp("site")
    done = build(folder, KERASDL_DOCS_FAST="1")
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def build(folder, **environment):
    call = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    known = {**os.environ, "NO_MKDOCS_2_WARNING": "1", **environment}
    return subprocess.run(call, cwd=ROOT, env=known, capture_output=True, text=True, timeout=2700)


@pytest.fixture(scope="session")
def build_into():
    """Builds the site into a folder, with environment variables; gives the finished process."""
    return build


@pytest.fixture
def docs_module(monkeypatch):
    """Imports a module of `docs/`, which is no package."""

    def load(name):
        spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, name, module)
        spec.loader.exec_module(module)
        return module

    return load

"""The files of every kind, task and component: they parse, keep a style, and hold no blank."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from kerasdl.scaffold import new_plugin
from kerasdl.version import __version__

pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[2]
PLACES = {"architecture": "model", "component": None, "dataset": "data", "command": "command"}


def texts(folder):
    return {file: file.read_text("utf-8") for file in folder.rglob("*") if file.is_file()}


def test_python_and_toml_parse_and_no_blank_is_left(all_new, every):
    for name in every:
        for file, text in texts(all_new / name).items():
            if file.suffix == ".py":
                ast.parse(text, str(file))
            if file.suffix == ".toml":
                tomllib.loads(text)
            if file.suffix != ".yml":
                assert not re.search(r"\$\{?[a-z]", text), file
            assert text == "" or text.endswith("\n") and not text.endswith("\n\n"), file


def test_ruff_finds_nothing_however_long_the_name_is(all_new, every, tmp_path):
    for number, (name, arguments) in enumerate(every.items()):
        for size in (3, 40):
            new_plugin(
                f"q{number:02}".ljust(size, "x"), folder=tmp_path / f"{size}{name}", **arguments
            )
    for call in (["check"], ["format", "--check"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *call, "--no-cache", str(all_new), str(tmp_path)],
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_distribution_says_what_it_is(all_new, every):
    for name, arguments in every.items():
        about = tomllib.loads((all_new / name / "pyproject.toml").read_text("utf-8"))
        project = about["project"]
        package = name.replace("-", "_")
        assert project["name"] == name
        assert project["entry-points"] == {"kerasdl": {name: f"{package}.plugin"}}
        assert project["dependencies"] == ["kerasdl>=0.1,<0.2"]
        assert set(project["optional-dependencies"]) == {"test"}
        assert project["license"] == "Apache-2.0"
        assert about["build-system"]["build-backend"] == "hatchling.build"
        module = PLACES[arguments.get("kind", "architecture")] or arguments["component"]
        for file in (f"src/{package}/{module}.py", f"tests/test_{module}.py", "tests/conftest.py"):
            assert (all_new / name / file).is_file(), file


def test_this_kerasdl_is_among_those_depended_on():
    assert __version__.startswith("0.1.")


def test_licence_is_that_of_kerasdl(all_new):
    assert (all_new / "sound-set" / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()


def test_tests_run_on_every_backend_elsewhere(all_new):
    yaml = pytest.importorskip("yaml")
    text = (all_new / "sound-set" / ".github/workflows/test.yml").read_text("utf-8")
    job = yaml.safe_load(text)["jobs"]["test"]
    assert job["strategy"]["matrix"]["backend"] == ["jax", "tensorflow", "torch"]
    assert job["env"] == {"KERAS_BACKEND": "${{ matrix.backend }}"}
    assert [step["run"] for step in job["steps"] if "run" in step][-1] == "pytest"


def test_plugin_modules_name_no_keras(all_new, every):
    for name in every:
        plugin = all_new / name / "src" / name.replace("-", "_") / "plugin.py"
        modules = {
            node.module.partition(".")[0]
            for node in ast.walk(ast.parse(plugin.read_text("utf-8")))
            if isinstance(node, ast.ImportFrom)
        }
        assert modules == {"collections", "kerasdl"}

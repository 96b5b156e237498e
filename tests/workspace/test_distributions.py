"""Wheels and sdists: what is in them, and that the core stays light."""

import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PARTS = [ROOT, *sorted(path.parent for path in ROOT.glob("plugins/*/pyproject.toml"))]
HEAVY = {"jax", "tensorflow", "torch", "scikit-learn", "matplotlib", "pandas", "pillow", "scipy"}


def project(part):
    return tomllib.loads((part / "pyproject.toml").read_text())["project"]


def test_there_are_first_party_plugins():
    assert {part.name for part in PARTS[1:]} >= {"kerasdl-mlp", "kerasdl-cnn", "kerasdl-example"}


def test_core_depends_on_no_backend_and_nothing_heavy():
    names = {requirement.split(">")[0] for requirement in project(ROOT)["dependencies"]}
    assert not names & HEAVY
    assert set(project(ROOT)["optional-dependencies"]) >= {"jax", "tensorflow", "torch", "train"}


@pytest.mark.parametrize("part", PARTS[1:], ids=lambda part: part.name)
def test_plugin_is_a_distribution_of_its_own(part):
    about = project(part)
    assert about["name"] == part.name
    assert list(about["entry-points"]) == ["kerasdl"]
    assert any(re.match(r"kerasdl(\[\w+\])?>=", text) for text in about["dependencies"])
    others = {other.name for other in PARTS[1:]} - {part.name}
    assert not [r for r in about["dependencies"] if r.split(">")[0] in others]


@pytest.mark.parametrize("part", PARTS[1:], ids=lambda part: part.name)
def test_plugins_do_not_import_one_another(part):
    others = {other.name.replace("-", "_") for other in PARTS[1:]} - {part.name.replace("-", "_")}
    for file in part.rglob("src/**/*.py"):
        assert not [name for name in others if name in file.read_text()], file


def test_constraints_are_plain_versions():
    for line in (ROOT / "constraints.txt").read_text().splitlines():
        assert line.startswith("#") or line.count("==") == 1, line


@pytest.mark.long
@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_wheel_and_sdist_carry_everything(part, tmp_path):
    call = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(tmp_path), str(part)]
    done = subprocess.run(call, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    (sdist,) = tmp_path.glob("*.tar.gz")
    package = "kerasdl" if part == ROOT else part.name.replace("-", "_")
    source = ROOT / package if part == ROOT else part / "src" / package
    inside = set(zipfile.ZipFile(wheel).namelist())
    wanted = {
        f"{package}/{file.relative_to(source).as_posix()}"
        for file in source.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    assert f"{package}/py.typed" in wanted
    assert wanted <= inside, wanted - inside
    assert not [name for name in inside if name.startswith("tests/")]
    names = tarfile.open(sdist).getnames()
    assert any(name.endswith("README.md") for name in names)
    assert any(name.endswith("py.typed") for name in names)

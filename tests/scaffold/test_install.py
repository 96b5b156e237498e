"""From wheels, in an environment of its own: a plugin of each kind installs, works, and goes."""

import json
import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
KINDS = {
    "kerasdl-new-net": ["--task", "image-classification"],
    "new-loss": ["--kind", "component", "--component", "loss"],
    "new-set": ["--kind", "dataset"],
    "new-steps": ["--kind", "command"],
}
pytestmark = [pytest.mark.long, pytest.mark.once]


class Environment:
    """A virtual environment with the core's wheel, and Keras and the rest from this one.

    The rest comes by a path that is appended, so that nothing needs a network; of the packages
    there, those of this tree (the core, its plugins) stand behind the wheels, or are hidden.
    """

    def __init__(self, folder):
        self.folder = folder
        venv.create(folder / "venv", with_pip=False, symlinks=True)
        self.bin = folder / "venv" / "bin"
        (site,) = (folder / "venv").glob("lib/python*/site-packages")
        (site / "rest.pth").write_text(_rest_of_this_environment(folder / "rest") + "\n")

    def run(self, *call, cwd=None):
        known = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "KERASDL_PLUGINS")}
        known |= {"PATH": f"{self.bin}{os.pathsep}{os.environ['PATH']}"}
        known["XDG_CONFIG_HOME"] = str(self.folder / "config")
        done = subprocess.run(
            [str(self.bin / call[0]), *map(str, call[1:])],
            cwd=cwd or self.folder,
            env=known,
            capture_output=True,
            text=True,
            timeout=900,
        )
        assert done.returncode == 0, f"{call}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
        return done.stdout

    def pip(self, command, *arguments):
        alone = ["--quiet", "--no-input", "--disable-pip-version-check"]
        return self.run("python", "-m", "pip", command, *alone, *arguments)

    def wheel(self, source):
        """The wheel of a source tree, by the build tool of this environment."""
        folder = self.folder / "wheels" / source.name
        how = ["--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", folder]
        self.pip("wheel", *how, source)
        (wheel,) = folder.glob("*.whl")
        return wheel

    def install(self, wheel):
        self.pip("install", "--no-deps", "--no-index", wheel)

    def plugins(self):
        rows = json.loads(self.run("kerasdl", "plugins", "list", "--json"))
        return {row["distribution"]: row for row in rows}


def _rest_of_this_environment(folder):
    """A folder that links to all that is installed here but kerasdl and its plugins."""
    folder.mkdir()
    for name in {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}:
        for entry in Path(name).iterdir():
            own = entry.name.lower().lstrip("_")
            # An editable installation leaves `.pth` files, which act in site folders alone.
            if not own.startswith("kerasdl") and entry.suffix != ".pth":
                (folder / entry.name).symlink_to(entry)
    return str(folder)


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    made = Environment(tmp_path_factory.mktemp("clean"))
    made.install(made.wheel(ROOT))
    return made


def test_core_comes_from_the_wheel(environment):
    where = environment.run("python", "-c", "import kerasdl; print(kerasdl.__file__)")
    assert Path(where.strip()).is_relative_to(environment.folder / "venv")
    assert environment.plugins() == {}


def test_plugin_of_each_kind_is_made_installed_used_and_removed(environment):
    for name, options in KINDS.items():
        environment.run("kerasdl", "plugins", "new", name, *options)
    for name in KINDS:
        environment.install(environment.wheel(environment.folder / name))
    found = environment.plugins()
    assert set(found) == set(KINDS)
    assert {row["state"] for row in found.values()} == {"loaded"}, found

    names = json.loads(environment.run("kerasdl", "list", "--json"))
    assert [(row["architecture"], row["plugin"]) for row in names] == [
        ("new-net", "kerasdl-new-net")
    ]
    assert environment.run("kerasdl", "new-steps", "10", "--batch-size", "4") == "3\n"
    assert "elements" in environment.run("kerasdl", "data", "show", "new-set")
    losses = json.loads(environment.run("kerasdl", "list", "--kind", "loss", "--json"))
    assert ("new-loss", "new-loss") in {(row["loss"], row["plugin"]) for row in losses}

    options = ["--epochs", "1", "--batch-size", "16", "--learning-rate", "0.01"]
    environment.run("kerasdl", "train", "new-net", "--data", "digits", *options, "--run-dir", "run")
    results = json.loads((environment.folder / "run" / "results.json").read_text("utf-8"))
    assert results["test"]["accuracy"] > 0.2  # a tenth by chance

    for name in KINDS:
        environment.run("python", "-m", "pytest", "-q", cwd=environment.folder / name)

    environment.pip("uninstall", "--yes", *KINDS)
    assert environment.plugins() == {}
    assert json.loads(environment.run("kerasdl", "list", "--json")) == []


def test_this_environment_is_another_one(environment):
    assert environment.run("python", "-c", "import sys; print(sys.prefix)").strip() != sys.prefix

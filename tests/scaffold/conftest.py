"""New plugins, written and put on the import path as an installer would."""

import sys
import tomllib

import pytest

from kerasdl.plugin import reset_host
from kerasdl.scaffold import new_plugin
from kerasdl.scaffold.files import COMPONENTS
from kerasdl.scaffold.tasks import TASKS
from kerasdl.testing.distribution import write_distribution

EVERY = {
    **{f"sound-{task}": {"task": task} for task in TASKS},
    **{f"sound-{kind}": {"kind": "component", "component": kind} for kind in COMPONENTS},
    "sound-set": {"kind": "dataset"},
    "sound-steps": {"kind": "command"},
}


@pytest.fixture(scope="session")
def every():
    """The arguments of `new_plugin` for each kind, task and component, by name."""
    return EVERY


@pytest.fixture(scope="session")
def all_new(tmp_path_factory):
    """A folder with a new plugin of each kind, task and component, by their names."""
    folder = tmp_path_factory.mktemp("new")
    for name, arguments in EVERY.items():
        new_plugin(name, folder=folder / name, **arguments)
    return folder


@pytest.fixture
def install(site, all_new):
    """Puts a new plugin on the import path, so that kerasdl finds it."""

    def put(name):
        about = tomllib.loads((all_new / name / "pyproject.toml").read_text("utf-8"))["project"]
        source = all_new / name / "src"
        files = {
            str(file.relative_to(source)): file.read_text("utf-8")
            for file in source.rglob("*")
            if file.is_file() and file.suffix != ".pyc"
        }
        points = about["entry-points"]["kerasdl"]
        write_distribution(site.folder, name, files, points, about["version"])
        for module in [m for m in sys.modules if m.startswith("sound_")]:
            del sys.modules[module]
        reset_host()
        return all_new / name

    return put

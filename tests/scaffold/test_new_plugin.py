"""What is asked for is checked first; then all is written, or nothing."""

import os
from pathlib import Path

import pytest

from kerasdl.errors import UserError
from kerasdl.scaffold import KINDS, new_plugin
from kerasdl.scaffold.files import COMPONENTS
from kerasdl.scaffold.tasks import TASKS, task_text
from kerasdl.tasks import TASKS as KNOWN_TASKS

pytestmark = pytest.mark.once


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty folder, to work in."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def below(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_every_task_that_kerasdl_knows_has_an_example():
    assert set(TASKS) == set(KNOWN_TASKS)


def test_plugin_lies_in_a_folder_of_its_name(here):
    made = new_plugin("my-net")
    assert made.folder == here / "my-net"
    assert {"pyproject.toml", "README.md", "LICENSE", ".gitignore"} <= set(made.files)
    assert {"src/my_net/plugin.py", "src/my_net/py.typed", "tests/conftest.py"} <= set(made.files)
    written = {path for path in below(made.folder) if (made.folder / path).is_file()}
    assert written == set(made.files)
    assert os.listdir(here) == ["my-net"]


def test_folder_may_be_there_if_it_is_empty(here):
    (here / "mine").mkdir()
    made = new_plugin("my-net", "dataset", folder="mine")
    assert made.folder == here / "mine"
    assert (here / "mine" / "src" / "my_net" / "elements.csv").is_file()
    assert os.listdir(here) == ["mine"]


def test_somebody_may_stand_in_the_empty_folder(here):
    assert new_plugin("my-net", "command", folder=".").folder == here
    assert "pyproject.toml" in os.listdir(".")
    assert os.listdir(here.parent) == ["here"]


def test_others_may_read_what_is_written(here):
    new_plugin("my-net", "command")
    (here / "plain").mkdir()
    assert (here / "my-net").stat().st_mode == (here / "plain").stat().st_mode


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"kind": "architectur"}, "`kind` must be one of .* Did you mean 'architecture'"),
        ({"task": "captionning"}, "`task` must be one .* Did you mean 'captioning'"),
        ({"task": "cooking"}, "`task` must be one that kerasdl knows. Received: task='cooking'"),
        ({"kind": "dataset", "task": "captioning"}, "`task` belongs to kind='architecture'"),
        ({"component": "loss"}, "`component` belongs to kind='component'"),
        (
            {"kind": "component", "component": "optimiser"},
            "`component` must be one of .* Did you mean 'optimizer'",
        ),
        ({"kind": "component", "component": "tokenizer"}, "`component` must be one of layer, "),
        ({"name": "My Net"}, "`name` must be of"),
        ({"name": "digits"}, "`name` must be free"),
        ({"folder": "full"}, "`folder` must be new or empty. Received: folder=.*full"),
        ({"folder": "file"}, "`folder` must be new or an empty folder.* a file"),
        ({"folder": "dangling"}, "`folder` must be new or an empty folder"),
        ({"folder": "none/mine"}, "`folder` must be inside a folder that exists"),
        ({"folder": "file/mine"}, "`folder` must be inside a folder that exists"),
    ],
)
def test_mistake_is_one_message_and_nothing_is_written(here, arguments, message):
    (here / "full").mkdir()
    (here / "full" / "kept").touch()
    (here / "file").touch()
    (here / "dangling").symlink_to(here / "nowhere")
    before = below(here)
    with pytest.raises(UserError, match=message):
        new_plugin(**{"name": "my-net", **arguments})
    assert below(here) == before


@pytest.mark.parametrize("empty_folder", [False, True])
@pytest.mark.parametrize("failing", ["write_text", "rename"])
def test_failure_in_the_middle_leaves_nothing(here, monkeypatch, failing, empty_folder):
    if empty_folder:
        (here / "my-net").mkdir()
    before, plain, left = below(here), getattr(Path, failing), [2 if empty_folder else 0]

    def fail_soon(self, *arguments, **more):
        if not left[0]:
            raise OSError(28, "No space left on device")
        left[0] -= 1
        return plain(self, *arguments, **more)

    monkeypatch.setattr(Path, failing, fail_soon)
    with pytest.raises(UserError, match="`folder` cannot be written: .*No space left"):
        new_plugin("my-net")
    assert below(here) == before


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_folder_that_may_not_be_written_is_a_mistake(here):
    here.chmod(0o500)
    with pytest.raises(UserError, match="`folder` cannot be written"):
        new_plugin("my-net")
    here.chmod(0o700)


def test_every_kind_is_one_that_can_be_made(every):
    assert {arguments.get("kind", "architecture") for arguments in every.values()} == set(KINDS)
    assert {a["component"] for a in every.values() if "component" in a} == set(COMPONENTS)


def test_unknown_task_names_all_where_none_is_near():
    with pytest.raises(UserError, match="Known: autoencoding, captioning"):
        task_text("zzz")

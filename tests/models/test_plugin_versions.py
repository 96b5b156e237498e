"""What a model and a run say of their plugin, and what is said when it is another one now."""

import json
import shutil
import warnings
from pathlib import Path

import keras
import pytest

from kerasdl import create_model, load_model
from kerasdl.errors import UserError
from kerasdl.models import model_origin
from kerasdl.plugin import PluginWarning, host, reset_host
from kerasdl.plugin.lock import write_lock
from kerasdl.plugin.manager import installed
from kerasdl.plugin.provenance import plugin_origin
from kerasdl.training import RunConfig, load_run, train
from kerasdl.training.finished import open_finished

pytestmark = pytest.mark.once

_trained = []


@pytest.fixture
def home(site, monkeypatch):
    monkeypatch.setenv("KERASDL_PLUGINS", "sound-one")
    site.sound("sound-one")
    reset_host()
    return Path(site.folder)


@pytest.fixture
def saved(home, tmp_path):
    """A model's file."""
    create_model("sound-one", input_shape=(4,), num_classes=3).save(tmp_path / "a.keras")
    return tmp_path / "a.keras"


@pytest.fixture
def run(home, tmp_path, tmp_path_factory):
    """A run's folder; trained once, since the plugin is the same at the start of each test."""
    if not _trained:
        config = RunConfig(architecture="sound-one", data="iris", epochs=1)
        _trained.append(train(config, tmp_path_factory.mktemp("trained") / "run").folder)
    return shutil.copytree(_trained[0], tmp_path / "run")


def edit(home):
    (home / "sound_one" / "model.py").write_text(
        (home / "sound_one" / "model.py").read_text() + "# edited\n"
    )
    reset_host()


def upgrade(home):
    metadata = home / "sound_one-1.0.dist-info" / "METADATA"
    metadata.write_text(metadata.read_text().replace("Version: 1.0", "Version: 2.0"))
    reset_host()


def warned(load, path):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        load(path)
    return [str(warning.message) for warning in caught if "the model was" in str(warning.message)]


def current():
    return plugin_origin(next(state for state in host().states if state.name == "sound-one"))


def test_model_and_run_carry_distribution_version_and_hash(run):
    origin = model_origin(run)
    expected = current()
    assert expected.items() <= origin.items()
    assert (expected["distribution"], expected["version"]) == ("sound-one", "1.0")
    assert len(expected["sha256"]) == 64
    about = json.loads((run / "environment.json").read_text())["plugins"]
    assert [expected | {"state": "loaded", "reason": ""}] == about


def test_unchanged_plugin_is_not_warned_of(saved, run):
    reset_host()
    assert warned(load_model, saved) == warned(load_run, run) == []


def test_other_version_is_warned_of_once_with_both(saved, run, home):
    upgrade(home)
    edit(home)  # as an upgrade does
    expected = ["the model was made with sound-one 1.0; 2.0 is installed"]
    assert warned(load_model, saved) == expected
    assert warned(load_run, run) == expected
    assert warned(open_finished, run) == expected


def test_edited_files_of_the_same_version_are_warned_of_once_in_other_words(saved, run, home):
    before = current()["sha256"]
    edit(home)
    after = current()["sha256"]
    expected = [
        "the model was made with other files of sound-one 1.0, edited since under the same "
        f"version (sha256 {before[:12]} then, {after[:12]} now)"
    ]
    assert warned(load_model, saved) == expected
    assert warned(load_run, run) == expected
    assert warned(open_finished, run) == expected


def test_two_parts_by_one_plugin_are_warned_of_once(saved, home, tmp_path):
    parts = [create_model("sound-one", input_shape=(4,), num_classes=3) for _ in range(2)]
    inputs = keras.Input((4,))
    outputs = keras.layers.Add()([part(inputs) for part in parts])
    keras.Model(inputs, outputs).save(tmp_path / "both.keras")
    upgrade(home)
    assert len(warned(load_model, tmp_path / "both.keras")) == 1


def test_run_whose_model_carries_no_origin_is_told_by_its_folder(run, home):
    plain = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    plain.save(run / "model.keras")
    assert model_origin(run) is None
    assert warned(load_model, run) == []
    edit(home)
    assert len(warned(load_model, run)) == 1
    upgrade(home)
    expected = ["the model was made with sound-one 1.0; 2.0 is installed"]
    assert warned(load_model, run) == warned(load_model, run / "model.keras") == expected


@pytest.mark.parametrize("text", [None, "[]", "{}", '{"plugins": 3}', '{"plugins": [3]}'])
def test_folder_that_says_nothing_is_no_hindrance(saved, text):
    keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)]).save(saved)
    saved.with_name("config.toml").write_text('architecture = "sound-one"')
    if text is not None:
        saved.with_name("environment.json").write_text(text)
    assert warned(load_model, saved) == []


def test_model_of_a_locked_out_plugin_says_so(saved, home, tmp_path, monkeypatch):
    path = tmp_path / "a.lock.toml"
    write_lock(path, [state for state in installed() if state.state != "disabled"])
    monkeypatch.setenv("KERASDL_PLUGINS_LOCK", str(path))
    reset_host()
    assert warned(load_model, saved) == []
    edit(home)
    with (
        pytest.warns(PluginWarning, match="locked-out"),
        pytest.raises(UserError, match="needs plugin sound-one 1.0, which is locked-out: changed"),
    ):
        load_model(saved)

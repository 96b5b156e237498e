import os
import subprocess
import sys

import pytest

from kerasdl.backend import choice
from kerasdl.errors import UserError
from kerasdl.settings import write_setting

INSTALLED = {"jax": True, "tensorflow": True, "torch": True}


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """No Keras loaded yet, nothing chosen, all three installed."""
    installed = dict(INSTALLED)
    monkeypatch.setattr(choice, "_loaded_backend", lambda: None)
    monkeypatch.setattr(choice, "_chosen_here", None)
    monkeypatch.setattr(choice, "is_installed", lambda name: installed[name])
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return installed


def test_first_installed_is_the_default(machine):
    assert choice.choose().name == "jax"
    machine["jax"] = False
    assert choice.choose().name == "tensorflow"
    machine["tensorflow"] = False
    assert choice.choose().name == "torch"


def test_environment_still_counts_after_it_was_followed(machine, monkeypatch):
    write_setting("backend", value="torch")
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    assert [choice.use().name for _ in range(2)] == ["tensorflow", "tensorflow"]


def test_none_installed_gives_three_install_commands(machine):
    machine.update(dict.fromkeys(machine, False))
    with pytest.raises(UserError) as caught:
        choice.choose()
    for name in INSTALLED:
        assert f'pip install "kerasdl[{name}]"' in str(caught.value)


def test_request_wins_over_environment_and_setting(machine, monkeypatch):
    write_setting("backend", value="torch")
    assert choice.choose().name == "torch"
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    assert choice.choose().name == "tensorflow"
    assert choice.choose("jax").name == "jax"


@pytest.mark.parametrize(("written", "expected"), [("torch", "torch"), ("tensorflow", "jax")])
def test_keras_json_counts_unless_it_says_tensorflow(machine, tmp_path, written, expected):
    (tmp_path / "keras.json").write_text(f'{{"backend": "{written}"}}')
    assert choice.choose().name == expected


def test_keras_json_of_a_missing_backend_is_passed_over(machine, tmp_path):
    (tmp_path / "keras.json").write_text('{"backend": "torch"}')
    machine["torch"] = False
    assert choice.choose().name == "jax"


@pytest.mark.parametrize("text", ["not json", "[]", "{}"])
def test_broken_keras_json_is_passed_over(machine, tmp_path, text):
    (tmp_path / "keras.json").write_text(text)
    assert choice.choose().name == "jax"


def test_backend_that_is_not_installed_is_an_error(machine):
    machine["torch"] = False
    with pytest.raises(UserError, match=r"'torch' \(asked for\) is not installed: pip install"):
        choice.choose("torch")


def test_unknown_backend_is_an_error(machine):
    with pytest.raises(
        UserError, match="must be one of jax, tensorflow, torch. Received .*'theano'"
    ):
        choice.choose("theano")


def test_another_backend_than_the_loaded_one_is_an_error(monkeypatch):
    monkeypatch.setattr(choice, "_loaded_backend", lambda: "jax")
    with pytest.raises(UserError, match="already loaded with 'jax'"):
        choice.choose("torch")
    assert choice.choose("jax").name == "jax"
    assert choice.choose().name == "jax"


def test_import_kerasdl_decides_before_keras_is_imported(tmp_path):
    environment = {**os.environ, "HOME": str(tmp_path), "KERAS_HOME": str(tmp_path)}
    environment.pop("KERAS_BACKEND", None)
    code = "import kerasdl, os, sys; print(os.environ['KERAS_BACKEND'], 'keras' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True
    )
    assert done.stdout.split() == ["jax", "False"], done.stderr

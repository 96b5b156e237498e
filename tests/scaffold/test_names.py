"""What a plugin may be called."""

import pytest

from kerasdl.errors import UserError
from kerasdl.scaffold.names import Names, checked_names

pytestmark = pytest.mark.once


def test_other_names_follow_from_the_distribution():
    names = Names("kerasdl-wave-net2")
    assert (names.name, names.package) == ("wave-net2", "kerasdl_wave_net2")
    assert (names.identifier, names.cls) == ("wave_net2", "WaveNet2")
    assert Names("my-net").name == "my-net"


@pytest.mark.parametrize("name", ["my-net", "kerasdl-wavenet", "n", "a1-b2", "x" * 40])
def test_name_that_keeps_the_rules_is_free(name):
    assert checked_names(name, "architecture", None).distribution == name


@pytest.mark.parametrize(
    "name",
    [
        *("", "My-Net", "my_net", "my--net", "-net", "net-", "2net", "my net", "../net", "my.net"),
        *("kerasdl-2d", "kerasdl-", "x" * 41, "nét", "net\n"),
    ],
)
def test_name_that_breaks_a_rule_is_an_error(name):
    with pytest.raises(UserError, match="`name` must be of lower-case letters") as error:
        checked_names(name, "architecture", None)
    assert repr(name) in str(error.value)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("class", "'class' has a meaning of its own"),
        ("kerasdl-true", "'True' has a meaning of its own"),
        ("user-error", "'UserError' has a meaning of its own"),
        ("json", "Python has a module 'json'"),
        ("keras", "the distribution keras "),
        ("kerasdl", "the distribution kerasdl "),
        ("pytest", "the distribution pytest "),
        ("sklearn", "a package 'sklearn' is installed"),
        ("digits", "'digits' is already provided by kerasdl"),
        ("kerasdl-lookahead", "'lookahead' is already provided by kerasdl"),
    ],
)
def test_name_that_is_taken_is_an_error(name, reason):
    with pytest.raises(UserError, match="`name` must be free") as error:
        checked_names(name, "architecture", None)
    assert reason in str(error.value)
    assert f"Received: name={name!r}" in str(error.value)


def test_name_of_an_installed_plugin_is_taken(site):
    site.sound("sound-one", "twin")
    for name, reason in {
        "sound-one": "the distribution sound-one 1.0 is installed",
        "kerasdl-sound-one": "plugin sound-one (sound-one 1.0, sound_one.plugin) is installed",
        "kerasdl-twin": "'twin' is already provided by sound-one",
    }.items():
        with pytest.raises(UserError) as error:
            checked_names(name, "dataset", None)
        assert reason in str(error.value)


def test_plugin_that_is_switched_off_is_installed_all_the_same(site, monkeypatch):
    site.sound("sound-one")
    monkeypatch.setenv("KERASDL_PLUGINS", "")
    with pytest.raises(UserError, match="plugin sound-one"):
        checked_names("kerasdl-sound-one", "dataset", None)


def test_own_command_is_taken_for_a_command_alone():
    with pytest.raises(UserError, match="command 'diagnose' is kerasdl's own"):
        checked_names("kerasdl-diagnose", "command", None)
    assert checked_names("kerasdl-diagnose", "dataset", None).name == "diagnose"


@pytest.mark.parametrize(
    ("kind", "name", "known"),
    [
        ("layer", "dense", "Dense"),
        ("loss", "mean-squared-error", "MeanSquaredError"),
        ("optimizer", "kerasdl-ftrl", "Ftrl"),
        ("regularizer", "l2", "L2"),
        ("callback", "early-stopping", "EarlyStopping"),
        ("schedule", "exponential-decay", "ExponentialDecay"),
        ("metric", "auc", "AUC"),
    ],
)
def test_component_that_keras_has_is_taken(kind, name, known):
    with pytest.raises(UserError, match=f"Keras has a {kind} '{known}'"):
        checked_names(name, "component", kind)


def test_package_in_the_making_is_no_installed_one(tmp_path, monkeypatch):
    (tmp_path / "my_net").mkdir()
    monkeypatch.syspath_prepend(str(tmp_path))
    assert checked_names("my-net", "architecture", None).package == "my_net"

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from kerasdl.errors import UserError
from kerasdl.plugin import PluginWarning, host, reset_host
from kerasdl.settings import write_setting


def test_plugin_is_found_on_first_use(site):
    site.sound("sound-one")
    provider = host().architecture("sound-one")
    assert provider.plugin.distribution == "sound-one"
    assert provider.plugin.hooks == ("kerasdl_architectures",)
    assert provider.label == "sound-one:sound-one"


def test_unknown_name_lists_close_matches_and_how_to_install(site):
    site.sound("sound-one", "resnet")
    with pytest.raises(UserError, match=r"unknown architecture 'resnett'.* 'resnet'.*pip install"):
        host().architecture("resnett")


def test_two_providers_of_a_name_are_an_error_that_lists_both(site):
    site.sound("sound-one", "twin")
    site.sound("sound-two", "twin")
    with pytest.raises(UserError, match="sound-one:twin and sound-two:twin"):
        host().architecture("twin")
    assert host().architecture("sound-two:twin").plugin.name == "sound-two"


def test_saved_preference_settles_two_providers(site):
    site.sound("sound-one", "twin")
    site.sound("sound-two", "twin")
    write_setting("prefer", "twin", value="sound-two")
    assert host().architecture("twin").plugin.distribution == "sound-two"


def test_prefer_command_refuses_a_stranger(site):
    site.sound("sound-one", "twin")
    done = site.run("plugins", "prefer", "twin", "nobody")
    assert done.returncode == 2
    assert "sound-one" in done.stderr


def test_allow_list_restricts_before_import(site, monkeypatch):
    site.sound("sound-one")
    site.add("bad-import", "raise RuntimeError")
    monkeypatch.setenv("KERASDL_PLUGINS", "sound-one")
    states = {state.name: state.state for state in host().states}
    assert states["sound-one"] == "loaded"
    assert states["bad-import"] == "disabled"
    assert "bad_import" not in sys.modules


def test_empty_allow_list_means_none(site, monkeypatch):
    site.sound("sound-one")
    monkeypatch.setenv("KERASDL_PLUGINS", "")
    assert {state.state for state in host().states} == {"disabled"}
    assert "digits" in host().catalog.names("dataset")  # the core's own stay


def test_deny_list_acts_before_import(site, monkeypatch):
    site.add("bad-import", "raise RuntimeError")
    monkeypatch.setenv("KERASDL_DISABLE_PLUGINS", "bad-import")
    state = next(state for state in host().states if state.name == "bad-import")
    assert state.state == "disabled"
    assert state.reason == "named in KERASDL_DISABLE_PLUGINS"


@pytest.mark.parametrize("place", ["before", "after"])
def test_no_plugin_option_acts_wherever_it_stands(site, place):
    site.add("bad-import", "open('imported', 'w'); raise RuntimeError")
    option = ["--no-plugin", "bad-import"]
    words = ["plugins", "list", "--json"]
    done = site.run(*(option + words if place == "before" else words + option))
    states = {row["plugin"]: row["state"] for row in json.loads(done.stdout)}
    assert states["bad-import"] == "disabled"


def test_event_that_raises_is_isolated_and_left_out(site):
    site.add(
        "bad-epoch",
        "from kerasdl.plugin import hookimpl\n"
        "@hookimpl\ndef kerasdl_after_epoch(logs): raise SystemExit(logs['loss'])\n",
    )
    with pytest.warns(PluginWarning, match="bad-epoch"):
        failures = host().event("kerasdl_after_epoch", run=None, epoch=1, logs={"loss": 0.5})
    assert failures == [
        "bad-epoch (bad-epoch 1.0, bad_epoch.plugin) raised in kerasdl_after_epoch: SystemExit: 0.5"
    ]
    assert host().event("kerasdl_after_epoch", run=None, epoch=2, logs={"loss": 0.5}) == []


def test_ctrl_c_of_the_user_ends_the_program_while_a_plugin_loads(site):
    site.add("bad-slow", "import time; print('loading', flush=True); time.sleep(30)")
    environment = {**os.environ, "PYTHONPATH": str(site.folder)}
    process = subprocess.Popen(
        [sys.executable, "-m", "kerasdl", "list"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "loading\n"
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 130
    assert errors.strip() == "error: interrupted"


def test_command_of_a_plugin_runs_with_its_options(site):
    site.add(
        "sound-command",
        "from kerasdl.plugin import Command, hookimpl\n"
        "@hookimpl\ndef kerasdl_commands():\n"
        "    yield Command(name='hello', target='PACKAGE.model:hello', summary='Greets by name')\n",
        model="def hello(name: str, times: int = 1) -> None:\n    print(' '.join(['hello', name] * times))\n",
    )
    assert "Greets by name" in site.run("--help").stdout
    assert site.run("hello", "Ada", "--times", "2").stdout == "hello Ada hello Ada\n"
    assert site.run("hello").returncode == 2


def test_reset_looks_again(site):
    assert "sound-one" not in host().catalog.names("architecture")
    site.sound("sound-one")
    reset_host()
    assert "sound-one" in host().catalog.names("architecture")

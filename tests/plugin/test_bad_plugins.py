"""Twenty bad plugins at once: each is named with its reason, and everything else works."""

import json

import pytest

HEAD = "from kerasdl.plugin import Architecture, Component, Dataset, Command, Field, hookimpl\n"


def architecture(arguments):
    return f"""{HEAD}
@hookimpl
def kerasdl_architectures():
    yield Architecture({arguments})
"""


GOOD = (
    'name="bad-arch", summary="s", tasks=("image-classification",), builder="PACKAGE.model:build"'
)

BAD = {
    "bad-import": ("raise RuntimeError('no luck today')", "RuntimeError: no luck today"),
    "bad-exit": ("import sys; sys.exit(3)", "SystemExit: 3"),
    "bad-interrupt": ("raise KeyboardInterrupt('not by the user')", "KeyboardInterrupt"),
    "bad-missing": ("import a_library_nobody_has", "No module named 'a_library_nobody_has'"),
    "bad-syntax": ("def broken(:", "SyntaxError"),
    "bad-signature": (
        f"{HEAD}\n@hookimpl\ndef kerasdl_after_epoch(run, epoche): pass",
        "kerasdl_after_epoch(run, epoch, logs)",
    ),
    "bad-spelling": (
        f"{HEAD}\n@hookimpl\ndef kerasdl_architecture(): return []",
        "Did you mean kerasdl_architectures()",
    ),
    "bad-unmarked": ("def kerasdl_architectures(): return []", "lacks the mark @hookimpl"),
    "bad-type": (
        f"{HEAD}\n@hookimpl\ndef kerasdl_architectures(): yield 'resnet'",
        "must yield Architecture records",
    ),
    "bad-kind": (
        f"{HEAD}\n@hookimpl\ndef kerasdl_datasets(): yield Command(name='x', target='a:b')",
        "must yield Dataset records",
    ),
    "bad-raises": (
        f"{HEAD}\n@hookimpl\ndef kerasdl_architectures(): raise ValueError('half way')",
        "ValueError: half way",
    ),
    "bad-twice": (
        f"{HEAD}\n@hookimpl\ndef kerasdl_architectures():\n"
        + f"    yield Architecture({GOOD})\n" * 2,
        "'bad-arch' is yielded twice",
    ),
    "bad-api": (
        architecture(GOOD + ", api=(7, 8)"),
        "serves plugin API 7, 8; this kerasdl speaks plugin API 1",
    ),
    "bad-builder": (architecture(GOOD.replace(":build", ":absent")), "has no 'absent'"),
    "bad-module": (architecture(GOOD.replace(".model:", ".absent:")), "there is no module"),
    "bad-default": (
        architecture(
            GOOD + ', config=(Field(name="width", type=int, default=0, minimum=1, help=""),)'
        ),
        "`width` must be int, at least 1. Received: width=0",
    ),
    "bad-variant": (
        architecture(GOOD + ', variants={"bad-v": {"depth": 3}}'),
        "has no config field 'depth'",
    ),
    "bad-field": (
        architecture(GOOD + ', config=(Field(name="weights", type=int, default=1, help=""),)'),
        "config field 'weights' must be a unique identifier",
    ),
    "bad-name": (architecture(GOOD.replace("bad-arch", "Bad Arch")), "name 'Bad Arch' must match"),
    "bad-command": (
        f"{HEAD}\n@hookimpl\ndef kerasdl_commands(): yield Command(name='train', target='PACKAGE.model:build')",
        "command 'train' is kerasdl's own",
    ),
    "bad-component": (
        f"{HEAD}\n@hookimpl\ndef kerasdl_components(): yield Component(kind='lose', name='x', target='PACKAGE.model:build')",
        "component kind 'lose'",
    ),
    "bad-target": (
        f"{HEAD}\n@hookimpl\ndef kerasdl_datasets(): yield Dataset(name='d', summary='', tasks=('t',), loader='nonsense')",
        "loader must be 'package.module:name'",
    ),
}


@pytest.fixture
def crowded(site):
    for name, (plugin, _) in BAD.items():
        site.add(name, plugin)
    site.sound("sound-one")
    return site


def test_there_are_twenty():
    assert len(BAD) >= 20


def test_every_bad_plugin_is_named_with_its_reason(crowded):
    done = crowded.run("plugins", "list", "--json")
    assert done.returncode == 0, done.stderr
    states = {row["plugin"]: row for row in json.loads(done.stdout)}
    for name, (_, reason) in BAD.items():
        expected = "refused" if name == "bad-api" else "quarantined"
        assert states[name]["state"] == expected, name
        assert reason in states[name]["reason"], (name, states[name]["reason"])
        assert states[name]["distribution"] == name
        assert states[name]["version"] == "1.0"
    assert states["sound-one"]["state"] == "loaded"
    assert states["sound-one"]["load_ms" if "load_ms" in states["sound-one"] else "ms"] >= 0


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["list"], ["describe", "sound-one"], ["data", "list"], ["plugins", "list"]],
)
def test_every_command_still_works_beside_bad_plugins(crowded, arguments):
    done = crowded.run(*arguments)
    assert done.returncode == 0, done.stderr
    if arguments in (["list"], ["plugins", "list"]):
        assert "sound-one" in done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.long
def test_training_works_beside_bad_plugins(crowded, tmp_path):
    crowded.add(
        "bad-epoch",
        f"{HEAD}\n@hookimpl\ndef kerasdl_after_epoch(run, epoch, logs): raise SystemExit('epoch bomb')",
    )
    run = tmp_path / "run"
    done = crowded.run(
        "train", "sound-one", "--data", "digits", "--epochs", "2", "--run-dir", str(run)
    )
    assert done.returncode == 0, done.stderr
    assert "epoch bomb" in done.stderr
    assert "bad-epoch (bad-epoch 1.0" in done.stderr
    assert (run / "model.keras").is_file()


def test_strict_mode_raises(crowded):
    done = crowded.run("list", KERASDL_STRICT_PLUGINS="1")
    assert done.returncode == 2
    assert "error: plugin bad-" in done.stderr


def test_half_a_registration_is_withdrawn(site):
    import kerasdl.plugin

    site.add(
        "bad-half",
        f"{HEAD}\n@hookimpl\ndef kerasdl_architectures():\n    yield Architecture({GOOD})\n    raise OSError('half')\n"
        "@hookimpl\ndef kerasdl_after_fit(run, logs): raise AssertionError('withdrawn hooks are not called')\n",
    )
    with pytest.warns(
        kerasdl.plugin.PluginWarning, match=r"bad-half \(bad-half 1.0, bad_half.plugin\)"
    ):
        host = kerasdl.plugin.host()
    assert "bad-arch" not in host.catalog.names("architecture")
    assert host.event("kerasdl_after_fit", run=None, logs={}) == []

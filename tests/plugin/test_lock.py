"""Under a lock only the listed plugins are imported, and only as they were when it was written."""

import hashlib
import importlib
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from kerasdl.cli import main
from kerasdl.errors import UserError
from kerasdl.plugin import PluginError, PluginWarning, host, reset_host
from kerasdl.plugin.lock import Lock, locked, read_lock, write_lock
from kerasdl.plugin.manager import installed
from kerasdl.settings import read_settings
from kerasdl.testing.distribution import write_distribution

PLUGIN = """
from pathlib import Path

from kerasdl.plugin import Dataset, hookimpl

Path("imported-NAME").touch()


@hookimpl
def kerasdl_datasets():
    yield Dataset(name="data-NAME", summary="", tasks=("captioning",), loader="json:loads")
"""
ONE, TWO = "sound-one", "sound-two"


@pytest.fixture
def home(site, tmp_path, monkeypatch):
    """Two plugins whose import leaves a file in the working directory; others are switched off."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KERASDL_PLUGINS", f"{ONE},{TWO},sound-three")
    for name in (ONE, TWO):
        site.add(name, PLUGIN.replace("NAME", name))
    return Path(site.folder)


@pytest.fixture
def lock(home, tmp_path, monkeypatch):
    """A lock of both plugins, in force."""
    path = tmp_path / "a.lock.toml"
    write_lock(path, enabled())
    monkeypatch.setenv("KERASDL_PLUGINS_LOCK", str(path))
    return path


def enabled():
    forget()
    return [state for state in installed() if state.state != "disabled"]


def forget():
    """As a new process would begin."""
    importlib.invalidate_caches()
    for name in [name for name in sys.modules if name.startswith("sound")]:
        del sys.modules[name]
    reset_host()


def states():
    """What becomes of each enabled plugin now, and which of them were imported."""
    forget()
    for marker in Path().glob("imported-*"):
        marker.unlink()
    found = {state.name: state for state in host().states if state.state != "disabled"}
    imported = {marker.name.removeprefix("imported-") for marker in Path().glob("imported-*")}
    return found, imported


def kerasdl(capfd, *arguments):
    capfd.readouterr()
    forget()
    with pytest.raises(SystemExit) as end:
        main([str(argument) for argument in arguments])
    seen = capfd.readouterr()
    return end.value.code, seen.out, seen.err


def test_unchanged_plugins_are_imported(lock):
    found, imported = states()
    assert {state.state for state in found.values()} == {"loaded"}
    assert imported == {ONE, TWO}


def test_without_a_lock_in_force_everything_is_imported(home):
    write_lock(Path("kerasdl-plugins.lock.toml"), [])  # lying there puts it in force for nobody
    assert states()[1] == {ONE, TWO}


def test_lock_lists_each_plugin_sorted_with_its_hash(lock, home):
    text = lock.read_text("utf-8")
    assert text.startswith("# The plugins that kerasdl may import")
    assert "Renew it with `kerasdl plugins lock`" in text
    values = tomllib.loads(text)
    assert [entry["name"] for entry in values["plugin"]] == [ONE, TWO]
    digest = hashlib.sha256()
    for name in ("__init__.py", "model.py", "plugin.py"):
        content = hashlib.sha256((home / "sound_one" / name).read_bytes()).hexdigest()
        digest.update(f"sound_one/{name}\0{content}\n".encode())
    assert values["plugin"][0] == {
        "distribution": ONE,
        "name": ONE,
        "version": "1.0",
        "entry_point": "sound_one.plugin",
        "sha256": digest.hexdigest(),
    }
    write_lock(lock, reversed(enabled()))
    assert lock.read_text("utf-8") == text


def test_changed_plugin_is_not_imported_and_both_hashes_are_named(lock, home):
    before = read_lock(lock).plugins[ONE, ONE].sha256
    (home / "sound_one" / "model.py").write_text("print('edited')\n")
    now = next(state for state in enabled() if state.name == ONE)
    with pytest.warns(PluginWarning, match=r"plugin sound-one .* is locked-out: changed since"):
        found, imported = states()
    assert imported == {TWO}
    assert (found[ONE].state, found[TWO].state) == ("locked-out", "loaded")
    after = locked(now).sha256
    assert before != after
    assert f"sha256 {after[:12]}, locked {before[:12]}" in found[ONE].reason
    assert str(lock) in found[ONE].reason and "kerasdl plugins lock" in found[ONE].reason
    assert found[ONE].records == [] and "data-sound-one" not in host().catalog.names("dataset")


def test_unknown_plugin_is_not_imported(lock, site):
    site.add("sound-three", PLUGIN.replace("NAME", "sound-three"))
    with pytest.warns(PluginWarning, match="sound-three .* is locked-out: not in the lock"):
        found, imported = states()
    assert imported == {ONE, TWO}
    assert found["sound-three"].state == "locked-out"


def test_empty_list_allows_nothing(lock):
    write_lock(lock, [])
    with pytest.warns(PluginWarning, match="locked-out"):
        assert states()[1] == set()


@pytest.mark.parametrize(
    ("file", "old", "new", "reason"),
    [
        ("METADATA", "Version: 1.0", "Version: 2.0", "version 2.0, locked 1.0"),
        (
            "entry_points.txt",
            "sound_one.plugin",
            "sound_one.model",
            "entry point sound_one.model, locked sound_one.plugin",
        ),
    ],
)
def test_other_version_or_entry_point_is_locked_out(lock, home, file, old, new, reason):
    path = home / "sound_one-1.0.dist-info" / file
    path.write_text(path.read_text().replace(old, new))
    with pytest.warns(PluginWarning, match="locked-out"):
        found, imported = states()
    assert found[ONE].reason.startswith(f"changed since the lock {lock} was made: {reason};")
    assert imported == {TWO}


def test_renamed_plugin_of_a_locked_distribution_is_unknown(lock, home):
    path = home / "sound_one-1.0.dist-info" / "entry_points.txt"
    path.write_text(path.read_text().replace("sound-one =", "sound-three ="))
    with pytest.warns(PluginWarning, match="sound-three .*not in the lock"):
        assert states()[1] == {TWO}


@pytest.mark.parametrize(
    "change",
    [
        lambda package: (package / "weights.bin").write_bytes(b"\0"),
        lambda package: (package / "fast.cpython-311-x86_64-linux-gnu.so").write_bytes(b"\x7fELF"),
        lambda package: (package / "model.pyc").write_bytes(b"byte code beside the source"),
        lambda package: (package / ".hidden").write_text(""),
        lambda package: (package / "model.py").unlink(),
        lambda package: (package / "model.py").rename(package / "module.py"),
        lambda package: (
            (package / "cards").mkdir() or (package / "cards" / "a.toml").write_text("")
        ),
        lambda package: (package / "linked").symlink_to(linked(package)),
    ],
    ids="data extension bytecode hidden deleted renamed below link".split(),
)
def test_any_file_of_the_package_counts(lock, home, change):
    change(home / "sound_one")
    with pytest.warns(PluginWarning, match="sha256"):
        assert states()[1] == {TWO}


def linked(package):
    folder = package.parent / "elsewhere"
    folder.mkdir()
    (folder / "code.py").write_text("")
    return folder


def test_retargeted_link_counts(home):
    package = home / "sound_one"
    for name in "ab":
        (package / name).mkdir()
        (package / name / "code.py").write_text(name)
    (package / "used").symlink_to(package / "a")
    write_lock(Path("a.toml"), enabled())
    (package / "used").unlink()
    (package / "used").symlink_to(package / "b")
    lock = read_lock(Path("a.toml"))
    assert [state.name for state in enabled() if lock.objection(state)] == [ONE]


def test_folder_that_contains_itself_is_locked_out(lock, home):
    (home / "sound_one" / "loop").symlink_to(home / "sound_one")
    with pytest.warns(PluginWarning, match="its files cannot be found or read"):
        assert states()[1] == {TWO}


def test_caches_do_not_count(lock, home):
    assert states()[1] == {ONE, TWO}
    (home / "sound_one" / "__pycache__").mkdir(exist_ok=True)
    (home / "sound_one" / "__pycache__" / "model.cpython-311.pyc").write_bytes(b"rewritten")
    assert states()[1] == {ONE, TWO}


def test_content_moved_from_one_file_to_the_next_counts(home):
    """Names and contents strung together would give the same text for both."""
    package = home / "sound_one"
    hashes = set()
    for texts in ({"a": b"1", "b": b"2"}, {"a": b"1sound_one/b\x002"}, {"a": b"12", "b": b""}):
        for name in ("a", "b"):
            (package / name).unlink(missing_ok=True)
        for name, text in texts.items():
            (package / name).write_bytes(text)
        write_lock(Path("a.toml"), enabled())
        hashes.add(read_lock(Path("a.toml")).plugins[ONE, ONE].sha256)
    assert len(hashes) == 3


FORM = 'format = 1\n[[plugin]]\nname = "a"\ndistribution = "a"\nversion = "1"\nentry_point = "a"\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "cannot be read: No such file"),
        ("", "no plugin lock of format 1"),
        ("plugin = [", "is not TOML"),
        (b"\xff\xfe", "is not TOML"),
        ("format = 2\nplugin = []\n", "no plugin lock of format 1"),
        ("format = 1\n", "no plugin lock of format 1"),
        ("format = 1\nplugin = []\nallow_all = true\n", "no plugin lock of format 1"),
        ("format = 1\nplugin = 3\n", "must be a list of tables"),
        ("format = 1\nplugin = [3]\n", "a plugin must have distribution, entry_point"),
        (FORM, "a plugin must have distribution, entry_point, name, sha256, version"),
        (FORM + 'sha256 = "*"\n', "is no SHA-256"),
        (FORM + "sha256 = 3\n", "is no text"),
        (FORM + f'sha256 = "{"0" * 64}"\n', None),
    ],
)
def test_lock_that_cannot_be_read_is_an_error_and_imports_nothing(lock, text, message):
    lock.unlink()
    if text is not None:
        lock.write_bytes(text if isinstance(text, bytes) else text.encode())
    if message is None:  # the form that the others miss is one that is read
        assert list(read_lock(lock).plugins) == [("a", "a")]
        return
    with pytest.raises(UserError, match=message) as caught:
        states()
    assert str(lock) in str(caught.value)
    assert "kerasdl plugins lock" in str(caught.value)
    assert "unset KERASDL_PLUGINS_LOCK" in str(caught.value)
    assert not list(Path().glob("imported-*"))


def test_plugin_listed_twice_is_an_error(lock):
    entry = lock.read_text().partition("[[plugin]]")[2].partition("[[plugin]]")[0]
    lock.write_text(lock.read_text() + f"[[plugin]]{entry}")
    with pytest.raises(UserError, match="lists a plugin twice"):
        states()


def test_folder_in_the_place_of_a_lock_is_an_error(home, tmp_path, monkeypatch):
    monkeypatch.setenv("KERASDL_PLUGINS_LOCK", str(tmp_path))
    with pytest.raises(UserError, match="cannot be read: Is a directory"):
        states()


def test_empty_variable_is_an_error(home, monkeypatch):
    monkeypatch.setenv("KERASDL_PLUGINS_LOCK", "")
    with pytest.raises(UserError, match="KERASDL_PLUGINS_LOCK must name a lock file"):
        states()
    assert not list(Path().glob("imported-*"))


def test_missing_lock_is_one_message_of_the_command(site, home, tmp_path):
    done = site.run("list", KERASDL_PLUGINS_LOCK=str(tmp_path / "absent.toml"))
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1 and "absent.toml cannot be read" in done.stderr


def test_strict_mode_raises(lock, home, monkeypatch):
    (home / "sound_one" / "model.py").write_text("")
    monkeypatch.setenv("KERASDL_STRICT_PLUGINS", "1")
    with pytest.raises(PluginError, match="sound-one .*is locked-out"):
        states()


def test_plugin_switched_off_is_not_looked_at(lock, home, monkeypatch):
    (home / "sound_one" / "model.py").write_text("")
    monkeypatch.setenv("KERASDL_DISABLE_PLUGINS", ONE)
    assert states()[1] == {TWO}


# Where plugins lie.


def test_single_module_is_locked(home, site):
    text = PLUGIN.replace("NAME", "sound-three")
    entry = {"sound-three": "sound_three"}
    write_distribution(home, "sound-three", {"sound_three.py": text}, entry)
    (home / "beside.txt").write_text("not the plugin's")
    file = check_locked(home, "sound-three", "sound_three.py")
    content = hashlib.sha256((home / file).read_bytes()).hexdigest()
    expected = hashlib.sha256(f"sound_three.py\0{content}\n".encode()).hexdigest()
    assert read_lock(Path("a.toml")).plugins["sound-three", "sound-three"].sha256 == expected


@pytest.mark.parametrize(
    ("folder", "module"),
    [
        ("soundspace/pkg", "soundspace.pkg.plugin"),
        ("soundspace/deep/pkg", "soundspace.deep.pkg.plugin"),
    ],
)
def test_package_in_a_namespace_is_locked_by_itself(home, folder, module):
    files = {
        f"{folder}/__init__.py": "",
        f"{folder}/plugin.py": PLUGIN.replace("NAME", "sound-three"),
        f"{folder}/more/part.py": "",
        "soundspace/other/__init__.py": "another plugin's",
    }
    write_distribution(home, "sound-three", files, {"sound-three": module})
    check_locked(home, "sound-three", f"{folder}/more/part.py")
    assert unlocked(home / "soundspace/other/__init__.py") == set()


def test_module_directly_in_a_namespace_is_locked_with_all_of_it(home):
    files = {
        "soundspace/plugin.py": PLUGIN.replace("NAME", "sound-three"),
        "soundspace/model.py": "",
    }
    write_distribution(home, "sound-three", files, {"sound-three": "soundspace.plugin"})
    check_locked(home, "sound-three", "soundspace/model.py")


def test_editable_install_has_the_hash_of_the_wheel(home, tmp_path, monkeypatch):
    """The same files, in site-packages and by a path entry to the sources."""
    write_lock(Path("wheel.toml"), enabled())
    sources = tmp_path / "checkout" / "src"
    sources.mkdir(parents=True)
    (home / "sound_one").rename(sources / "sound_one")
    monkeypatch.syspath_prepend(str(sources))
    assert Lock(Path(), read_lock(Path("wheel.toml")).plugins).differences(enabled()) == []
    check_locked(sources, ONE, "sound_one/model.py")


def test_what_else_the_installer_recorded_counts(home):
    info = home / "sound_one-1.0.dist-info"
    (home / "sound_helper").mkdir()
    (home / "sound_helper" / "__init__.py").write_text("")
    (home / "sound_one.pth").write_text("")
    (home.parent / "script").write_text("")
    names = "sound_helper/__init__.py sound_one/plugin.py sound_one.pth ../script".split()
    names += [f"{info.name}/METADATA", f"{info.name}/RECORD", "sound_one/__pycache__/plugin.pyc"]
    (info / "RECORD").write_text("".join(f"{name},,\n" for name in names))
    check_locked(home, ONE, "sound_helper/__init__.py")
    for path in (home / "sound_one.pth", home.parent / "script", info / "METADATA"):
        assert unlocked(path) == set(), path
    assert unlocked(info / "RECORD") == {ONE}  # no longer a table: what belongs to it is unknown


def test_package_that_sends_the_import_elsewhere_is_locked_out(lock, home):
    (home / "hidden").mkdir()
    (home / "sound_one" / "plugin.py").rename(home / "hidden" / "plugin.py")
    (home / "sound_one" / "__init__.py").write_text(f"__path__ = [{str(home / 'hidden')!r}]")
    write_lock(lock, enabled())
    with pytest.warns(PluginWarning, match="its files cannot be found or read"):
        assert states()[1] == {TWO}


def test_plugin_without_files_is_locked_out(lock, home, capfd):
    (home / "sound_one").rename(home / "gone")
    with pytest.warns(PluginWarning, match="its files cannot be found or read"):
        assert states()[1] == {TWO}
    status, output, errors = kerasdl(capfd, "plugins", "lock")
    assert status == 0 and "1 plugins in" in output
    assert "left out: sound-one (sound-one 1.0, sound_one.plugin)" in errors
    assert kerasdl(capfd, "plugins", "lock", "--check")[0] == 1


def check_locked(folder, name, file):
    """A lock over what is there allows the plugin; a changed file of it takes that back."""
    path = Path("a.toml")
    write_lock(path, enabled())
    assert not list(Path().glob(f"imported-{name}"))  # finding the files imports nothing
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KERASDL_PLUGINS_LOCK", str(path))
        assert name in states()[1]
    assert unlocked(folder / file) == {name}
    return file


def unlocked(path):
    """The plugins that a change of one file locks out."""
    text = path.read_text()
    path.write_text(text + "\n# edited\n")
    lock = read_lock(Path("a.toml"))
    try:
        return {state.name for state in enabled() if lock.objection(state)}
    finally:
        path.write_text(text)


# The command.


def test_command_locks_renews_and_says_what_changed(home, capfd, monkeypatch):
    path = Path.cwd() / "kerasdl-plugins.lock.toml"
    status, output, errors = kerasdl(capfd, "plugins", "lock")
    assert (status, output) == (0, f"2 plugins in {path}\n")
    assert f"not in force: set KERASDL_PLUGINS_LOCK={path}" in errors
    monkeypatch.setenv("KERASDL_PLUGINS_LOCK", str(path))
    (home / "sound_one" / "model.py").write_text("")
    with pytest.warns(PluginWarning):
        assert states()[1] == {TWO}
    (Path.cwd() / "imported-sound-two").unlink()
    status, output, errors = kerasdl(capfd, "plugins", "lock")
    assert (status, errors) == (0, "")
    assert output.startswith("sound-one (sound-one): sha256 ")
    assert not list(Path().glob("imported-*"))  # to allow a plugin, its code is not run
    assert states()[1] == {ONE, TWO}


def test_locking_imports_neither_keras_nor_a_plugin(home):
    code = (
        "import sys\nfrom kerasdl.cli import main\n"
        "try: main(['plugins', 'lock'])\nexcept SystemExit as end: assert end.code == 0\n"
        "print([name for name in ('keras', 'numpy', 'sound_one') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(home)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"


def test_command_writes_the_missing_list_that_is_in_force(home, capfd, tmp_path, monkeypatch):
    path = tmp_path / "new.toml"
    monkeypatch.setenv("KERASDL_PLUGINS_LOCK", str(path))
    assert kerasdl(capfd, "plugins", "lock")[0] == 0
    assert states()[1] == {ONE, TWO}
    path.write_text(path.read_text().replace("format = 1", "format = "))
    assert kerasdl(capfd, "list")[0] == 2
    assert kerasdl(capfd, "plugins", "lock")[0] == 0
    assert states()[1] == {ONE, TWO}


def test_check_lists_differences_and_changes_nothing(lock, home, site, capfd):
    assert kerasdl(capfd, "plugins", "lock", "--check")[:2] == (
        0,
        f"2 plugins are as {lock} says\n",
    )
    for file in (home / "sound_two-1.0.dist-info").iterdir():
        file.unlink()
    (home / "sound_two-1.0.dist-info").rmdir()
    (home / "sound_one" / "model.py").write_text("")
    site.add("sound-three", PLUGIN.replace("NAME", "sound-three"))
    before = lock.read_text()
    status, output, _ = kerasdl(capfd, "plugins", "lock", "--check")
    assert status == 1
    lines = output.splitlines()
    assert lines[0].startswith("sound-one (sound-one): sha256 ")
    assert lines[1:] == [
        "sound-three (sound-three): version 1.0, not in the lock",
        "sound-two (sound-two): in the lock, not installed or switched off",
    ]
    assert lock.read_text() == before
    assert not list(Path().glob("imported-*"))


def test_check_of_no_list_is_a_mistake(home, capfd):
    status, _, errors = kerasdl(capfd, "plugins", "lock", "--check")
    assert status == 2 and "kerasdl-plugins.lock.toml cannot be read" in errors


def test_file_option_writes_elsewhere(lock, capfd, tmp_path):
    before = lock.read_text()
    write_lock(lock, [])
    assert kerasdl(capfd, "plugins", "lock", "--file", "other.toml")[0] == 0
    assert (tmp_path / "other.toml").read_text() == before
    assert read_lock(lock).plugins == {}
    assert kerasdl(capfd, "plugins", "lock", "--check", "--file", "other.toml")[0] == 0
    assert kerasdl(capfd, "plugins", "lock", "--check")[0] == 1


def test_enforced_lock_holds_until_it_is_released(home, capfd, monkeypatch):
    status, output, errors = kerasdl(capfd, "plugins", "lock", "--enforce")
    assert status == 0 and "in force from now on" in output and errors == ""
    path = Path.cwd() / "kerasdl-plugins.lock.toml"
    assert read_settings() == {"lock": str(path)}
    (home / "sound_one" / "model.py").write_text("")
    with pytest.warns(PluginWarning, match="locked-out"):
        assert states()[1] == {TWO}
    kerasdl(capfd, "plugins", "lock", "--file", "now.toml")
    monkeypatch.setenv("KERASDL_PLUGINS_LOCK", "now.toml")  # the variable comes before the setting
    assert states()[1] == {ONE, TWO}
    monkeypatch.delenv("KERASDL_PLUGINS_LOCK")
    path.unlink()
    with pytest.raises(UserError, match="without a lock: kerasdl plugins lock --release"):
        states()
    assert kerasdl(capfd, "plugins", "lock", "--release")[0] == 0
    assert read_settings() == {} and not path.exists()
    assert states()[1] == {ONE, TWO}


def test_setting_that_names_no_file_is_an_error(home, tmp_path):
    (tmp_path / "config" / "kerasdl").mkdir(parents=True)
    (tmp_path / "config" / "kerasdl" / "settings.toml").write_text("lock = true\n")
    with pytest.raises(UserError, match="setting `lock` must name a lock file.*--release"):
        states()


def test_other_files_are_not_overwritten(home, capfd, tmp_path):
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    status, _, errors = kerasdl(capfd, "plugins", "lock", "--file", "pyproject.toml")
    assert status == 2 and "is no plugin lock: delete it" in errors
    assert (tmp_path / "pyproject.toml").read_text() == "[project]\n"


@pytest.mark.parametrize("target", ["absent/a.toml", "."])
def test_place_that_cannot_be_written_is_named(home, capfd, tmp_path, target):
    before = sorted(path.name for path in tmp_path.iterdir())
    status, _, errors = kerasdl(capfd, "plugins", "lock", "--file", target)
    assert status == 2 and "cannot be written" in errors
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_check_and_enforce_exclude_each_other(home, capfd):
    status, _, errors = kerasdl(capfd, "plugins", "lock", "--check", "--enforce")
    assert status == 2 and "one of `--check`, `--enforce`" in errors


def test_locked_out_plugin_is_listed_with_its_reason(lock, home, site):
    (home / "sound_one" / "model.py").write_text("")
    done = site.run("plugins", "list", "--json")
    rows = {row["plugin"]: row for row in json.loads(done.stdout)}
    assert rows[ONE]["state"] == "locked-out" and str(lock) in rows[ONE]["reason"]
    assert rows[TWO]["state"] == "loaded"
    assert "locked-out" in site.run("list").stderr

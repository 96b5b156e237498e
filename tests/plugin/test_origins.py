"""Where an installed plugin comes from, as `kerasdl plugins list` says."""

import hashlib
import json
from pathlib import Path

import pytest

from kerasdl.cli import main
from kerasdl.plugin import host, provenance
from kerasdl.plugin.files import files_hash, find_place, plugin_files
from kerasdl.plugin.provenance import origin_difference, plugin_origin

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def home(site, monkeypatch):
    monkeypatch.setenv("KERASDL_PLUGINS", "sound-one")
    site.sound("sound-one")
    return Path(site.folder)


def listed(capfd, *options):
    capfd.readouterr()
    with pytest.raises(SystemExit) as end:
        main(["plugins", "list", *options])
    assert end.value.code == 0
    return capfd.readouterr().out


def row(capfd):
    return next(r for r in json.loads(listed(capfd, "--json")) if r["plugin"] == "sound-one")


def note_address(home, text):
    (home / "sound_one-1.0.dist-info" / "direct_url.json").write_text(text)


def test_table_names_the_folder_it_was_installed_into(home, capfd, monkeypatch):
    line = next(line for line in listed(capfd).splitlines() if line.startswith("sound-one"))
    assert line.split()[:5] == ["sound-one", "sound-one", "1.0", str(home), "loaded"]
    monkeypatch.setenv("HOME", str(home.parent))
    monkeypatch.setenv("USERPROFILE", str(home.parent))
    line = next(line for line in listed(capfd).splitlines() if line.startswith("sound-one"))
    assert line.split()[3] in ("~/site", "~\\site")
    monkeypatch.setenv("HOME", str(home)[:-1])  # a part of a name is no folder
    assert str(home) in listed(capfd)


def test_table_names_the_folder_of_an_editable_install(home, capfd, tmp_path):
    sources = tmp_path / "my plugin"
    note_address(home, json.dumps({"url": sources.as_uri(), "dir_info": {"editable": True}}))
    assert "my%20plugin" in sources.as_uri()
    assert str(sources) in listed(capfd)
    assert row(capfd)["from"] == str(sources)


def test_folder_that_was_copied_is_not_where_it_lies(home, capfd, tmp_path):
    note_address(home, json.dumps({"url": (tmp_path / "copied").as_uri(), "dir_info": {}}))
    assert row(capfd)["from"] == str(home)
    assert row(capfd)["url"] == (tmp_path / "copied").as_uri()


def test_json_has_path_address_commit_and_hash(home, capfd):
    address = "https://example.org/sound-one.git"
    about = {"url": address, "vcs_info": {"vcs": "git", "commit_id": COMMIT}}
    note_address(home, json.dumps(about))
    found = row(capfd)
    assert found["path"] == str(home / "sound_one")
    assert (found["url"], found["commit"]) == (address, COMMIT)
    digest = hashlib.sha256()
    for name in ("__init__.py", "model.py", "plugin.py"):
        content = hashlib.sha256((home / "sound_one" / name).read_bytes()).hexdigest()
        digest.update(f"sound_one/{name}\0{content}\n".encode())
    assert found["sha256"] == digest.hexdigest()


def test_json_of_a_plugin_from_an_index_has_no_address(home, capfd):
    assert (row(capfd)["url"], row(capfd)["commit"]) == ("", "")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"dir_info": [1], "vcs_info": "git"}', "\udcff"])
def test_damaged_note_of_the_installer_harms_nobody(home, capfd, text):
    path = home / "sound_one-1.0.dist-info" / "direct_url.json"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    assert row(capfd)["from"] == str(home)
    assert str(home) in listed(capfd)


def test_plain_listings_compute_no_hash(home, capfd, monkeypatch):
    counted = []
    monkeypatch.setattr(provenance, "files_hash", lambda files: counted.append(1) or "0" * 64)
    listed(capfd)
    with pytest.raises(SystemExit):
        main(["list"])
    assert counted == []
    listed(capfd, "--json")
    assert counted


def test_first_party_plugins_are_found_where_they_are(capfd):
    rows = {row["plugin"]: row for row in json.loads(listed(capfd, "--json"))}
    assert set(rows) >= {"mlp", "cnn"}
    for name in ("mlp", "cnn"):
        package = Path(rows[name]["path"])
        assert package.name == f"kerasdl_{name}" and (package / "plugin.py").is_file()
        assert len(rows[name]["sha256"]) == 64


def test_finding_files_runs_no_code(home):
    (home / "sound_bomb").mkdir()
    (home / "sound_bomb" / "__init__.py").write_text("raise RuntimeError")
    (home / "sound_bomb" / "plugin.py").write_text("raise RuntimeError")
    place = find_place("sound_bomb.plugin")
    assert (place.package, place.roots) == ("sound_bomb", (home / "sound_bomb",))
    assert set(plugin_files("sound_bomb.plugin")) == {
        "sound_bomb/__init__.py",
        "sound_bomb/plugin.py",
    }


@pytest.mark.parametrize("module", ["absent_package.plugin", "sound_one.absent", "sys", "", "..x"])
def test_module_that_is_nowhere_has_no_files_and_no_hash(home, module):
    assert find_place(module).roots == ()
    assert files_hash(plugin_files(module)) == ""


def test_archive_has_no_files_and_no_hash(home, monkeypatch, tmp_path):
    import zipfile

    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("sound_zipped/__init__.py", "")
    monkeypatch.syspath_prepend(str(tmp_path / "a.zip"))
    assert find_place("sound_zipped").roots == ()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, ""),
        ({"sha256": ""}, ""),  # what is not known is no difference
        ({"version": "0.9"}, "was made with sound-one 0.9; 1.0 is installed"),
        ({"version": "0.9", "sha256": "f" * 64}, "was made with sound-one 0.9; 1.0 is installed"),
        ({"sha256": "f" * 64}, "was made with other files of sound-one 1.0, edited since"),
    ],
)
def test_difference_names_both(home, change, expected):
    state = next(state for state in host().states if state.name == "sound-one")
    origin = plugin_origin(state) | change
    found = origin_difference(origin, state)
    assert found.startswith(expected) and bool(found) == bool(expected)
    if set(change) == {"sha256"} and expected:
        assert f"sha256 {'f' * 12} then, {plugin_origin(state)['sha256'][:12]} now" in found

"""What is read is what was written, or nothing."""

import json
import os
import shutil
import subprocess

import numpy as np
import pytest

from kerasdl.checkpoints import DamagedCheckpoint, read_checkpoint, write_checkpoint

pytestmark = pytest.mark.once


def test_everything_comes_back(snapshot, tmp_path):
    write_checkpoint(snapshot, tmp_path / "one")
    found = read_checkpoint(tmp_path / "one")
    assert found.about == snapshot.about
    assert found.arrays.keys() == snapshot.arrays.keys()
    for name, array in snapshot.arrays.items():
        assert found.arrays[name].dtype == array.dtype, name
        np.testing.assert_array_equal(found.arrays[name], array, name)


def test_another_program_reads_arrays_and_checksums(snapshot, tmp_path):
    from safetensors.numpy import load_file

    write_checkpoint(snapshot, tmp_path / "one")
    arrays = load_file(tmp_path / "one" / "arrays.safetensors")
    np.testing.assert_array_equal(arrays["model/00000"], snapshot.arrays["model/00000"])
    if shutil.which("sha256sum"):
        command = ["sha256sum", "--check", "--strict", "SHA256SUMS"]
        done = subprocess.run(command, cwd=tmp_path / "one", capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert done.stdout.splitlines() == ["arrays.safetensors: OK", "about.json: OK"]


def test_no_byte_can_change_unseen(snapshot, tmp_path):
    """500 bytes at random places of all files, changed or everything after them cut off."""
    write_checkpoint(snapshot, tmp_path / "sound")
    files = sorted(path.name for path in (tmp_path / "sound").iterdir())
    sizes = [(tmp_path / "sound" / name).stat().st_size for name in files]
    rng = np.random.default_rng(0)
    for case, place in enumerate(rng.integers(sum(sizes), size=500)):
        number = int(np.searchsorted(np.cumsum(sizes), place, side="right"))
        place -= sum(sizes[:number])
        path = tmp_path / "sound" / files[number]
        whole = path.read_bytes()
        flipped = (
            whole[:place] + bytes([whole[place] ^ int(rng.integers(1, 256))]) + whole[place + 1 :]
        )
        path.write_bytes(whole[:place] if case % 2 else flipped)
        with pytest.raises(DamagedCheckpoint, match="checksums"):
            read_checkpoint(tmp_path / "sound")
        path.write_bytes(whole)
    read_checkpoint(tmp_path / "sound")


@pytest.mark.parametrize("name", ["arrays.safetensors", "about.json", "SHA256SUMS"])
def test_a_missing_file_is_damage(snapshot, tmp_path, name):
    write_checkpoint(snapshot, tmp_path / "one")
    (tmp_path / "one" / name).unlink()
    with pytest.raises(DamagedCheckpoint, match=name.replace(".", r"\.")):
        read_checkpoint(tmp_path / "one")


@pytest.mark.parametrize("about", [b"[]", b"{}", b'{"views": {"model/00000": "float99"}}'])
def test_sound_files_of_another_program_are_damage(snapshot, tmp_path, about):
    import hashlib

    folder = tmp_path / "one"
    write_checkpoint(snapshot, folder)
    (folder / "about.json").write_bytes(about)
    arrays, _ = (folder / "SHA256SUMS").read_text().splitlines()
    text = f"{arrays}\n{hashlib.sha256(about).hexdigest()}  about.json\n"
    (folder / "SHA256SUMS").write_text(text)
    with pytest.raises(DamagedCheckpoint, match="no checkpoint of this program"):
        read_checkpoint(folder)


@pytest.mark.parametrize("call", ["fsync", "rename"])
def test_a_disk_that_refuses_leaves_nothing(snapshot, tmp_path, monkeypatch, call):
    def full(*_):
        raise OSError(28, "No space left on device")

    write_checkpoint(snapshot, tmp_path / "before")
    with monkeypatch.context() as patch:
        patch.setattr(os, call, full)
        with pytest.raises(OSError, match="No space"):
            write_checkpoint(snapshot, tmp_path / "one")
    assert [path.name for path in tmp_path.iterdir()] == ["before"]


def test_a_second_of_the_name_replaces_the_first(snapshot, tmp_path):
    write_checkpoint(snapshot, tmp_path / "one")
    newer = type(snapshot)(snapshot.arrays, {"step": 8})
    write_checkpoint(newer, tmp_path / "one")
    assert read_checkpoint(tmp_path / "one").about == {"step": 8}
    assert [path.name for path in tmp_path.iterdir()] == ["one"]
    assert json.loads((tmp_path / "one" / "about.json").read_text())["step"] == 8

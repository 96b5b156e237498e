import pytest

from kerasdl.checkpoints import CheckpointFolder, Snapshot

pytestmark = pytest.mark.once


def names(folder):
    return [path.name for path in folder.paths()]


def state(step):
    return Snapshot({}, {"step": step})


def test_the_last_and_the_best_stay(tmp_path):
    folder = CheckpointFolder(tmp_path / "c", keep=2)
    for step, best in ((1, True), (2, True), (3, False), (4, False), (5, False)):
        folder.write(state(step), step, best)
    assert names(folder) == ["step-0000000002-best", "step-0000000004", "step-0000000005"]


def test_a_damaged_newest_is_passed_over_and_said(tmp_path):
    folder = CheckpointFolder(tmp_path, keep=3)
    for step in (1, 2, 3):
        folder.write(state(step), step)
    (tmp_path / "step-0000000003" / "about.json").write_text("{}")
    (tmp_path / "step-0000000002" / "SHA256SUMS").unlink()
    found = folder.newest()
    assert found.snapshot.about == {"step": 1}
    assert "step-0000000003" in found.passed_over[0]
    assert "step-0000000002" in found.passed_over[1]


def test_nothing_sound_is_nothing(tmp_path):
    assert CheckpointFolder(tmp_path / "none").newest() == (None, [])


def test_what_a_killed_process_left_goes_and_the_rest_stays(tmp_path):
    folder = CheckpointFolder(tmp_path)
    folder.write(state(1), 1)
    (tmp_path / ".part-x").mkdir()
    (tmp_path / ".part-x" / "about.json").write_text("{")
    (tmp_path / "notes.txt").write_text("mine")
    folder.clean()
    assert {path.name for path in tmp_path.iterdir()} == {"step-0000000001", "notes.txt"}

import threading

import pytest

from kerasdl.checkpoints import CheckpointFolder, Snapshot
from kerasdl.checkpoints.background import BackgroundWriter

pytestmark = pytest.mark.once
STATE = Snapshot({}, {})


def test_failure_and_recovery_are_told_once_each(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    writer = BackgroundWriter(CheckpointFolder(blocked / "c"))
    writer.write(STATE, 5, False)
    writer.wait()
    news = writer.news()
    assert "a part of the path is a file" in news
    assert "(step 0); the training goes on" in news
    assert writer.news() == ""
    blocked.unlink()
    writer.write(STATE, 9, False)
    writer.wait()
    assert writer.news() == "checkpoints are written again, from step 9 on"
    assert writer.news() == ""


def test_a_slow_disk_is_told_of_and_nothing_waits(tmp_path, monkeypatch):
    folder = CheckpointFolder(tmp_path)
    go = threading.Event()
    monkeypatch.setattr(folder, "write", lambda *_: go.wait(60))
    writer = BackgroundWriter(folder)
    writer.write(STATE, 5, False)
    assert writer.busy
    assert writer.slow(3600) == ""
    assert "the newest whole one is of step 0" in writer.slow(0)
    go.set()
    writer.wait()
    assert not writer.busy


def test_whatever_goes_wrong_in_its_thread_is_a_message(tmp_path, monkeypatch):
    folder = CheckpointFolder(tmp_path)

    def fail(*_):
        raise MemoryError("no room")

    monkeypatch.setattr(folder, "write", fail)
    writer = BackgroundWriter(folder)
    writer.write(STATE, 5, False)
    writer.wait()
    assert "MemoryError: no room" in writer.news()

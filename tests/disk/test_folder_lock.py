"""One process to a folder, however the last one ended."""

import os
import signal
import subprocess
import sys

import pytest

from kerasdl.errors import UserError
from kerasdl.folder_lock import FolderLock, is_locked

pytestmark = pytest.mark.once

HOLD = """
import sys
from pathlib import Path
from kerasdl.folder_lock import FolderLock
FolderLock(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path):
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_a_second_process_is_told_who_holds_it_and_a_dead_one_holds_nothing(holder, tmp_path):
    assert is_locked(tmp_path)
    with pytest.raises(UserError, match=f"another process {holder.pid}"):
        FolderLock(tmp_path)
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert (tmp_path / ".lock").exists()
    assert not is_locked(tmp_path)
    lock = FolderLock(tmp_path)
    assert is_locked(tmp_path)
    lock.release()
    assert not is_locked(tmp_path)
    assert os.listdir(tmp_path) == []


def test_within_a_process_the_newer_training_takes_over(tmp_path):
    first, second = FolderLock(tmp_path), FolderLock(tmp_path)
    second.release()
    first.release()
    assert not is_locked(tmp_path)


def test_asking_leaves_no_file(tmp_path):
    assert not is_locked(tmp_path)
    assert not is_locked(tmp_path / "missing")
    assert os.listdir(tmp_path) == []

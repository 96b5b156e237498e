"""`kerasdl plugins new`."""

import subprocess
import sys

import pytest

from kerasdl.cli import main

pytestmark = pytest.mark.once


@pytest.fixture
def kerasdl(capfd, tmp_path, monkeypatch):
    """Runs a command in this process, in an empty folder; gives status, output and errors."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        with pytest.raises(SystemExit) as end:
            main(list(arguments))
        return end.value.code, *capfd.readouterr()

    return run


def test_files_and_what_comes_next_are_printed(kerasdl, tmp_path):
    status, printed, _ = kerasdl("plugins", "new", "my-net", "--task", "forecasting")
    lines = printed.splitlines()
    files = [line.strip() for line in lines[1:] if line.startswith("  my-net/")]
    assert status == 0 and lines[0] == f"wrote {len(files)} files:"
    assert all((tmp_path / file).is_file() for file in files)
    assert lines[-4:] == ["next:", "  cd my-net", '  pip install -e ".[test]"', "  pytest"]


def test_options_choose_what_it_begins_with(kerasdl, tmp_path):
    status, printed, _ = kerasdl(
        *("plugins", "new", "kerasdl-mine", "--kind", "component"),
        *("--component", "metric", "--folder", "my folder"),
    )
    assert status == 0
    assert (tmp_path / "my folder" / "src" / "kerasdl_mine" / "metric.py").is_file()
    assert "  cd 'my folder'" in printed


def test_mistake_is_one_line_and_status_2(kerasdl, tmp_path):
    status, printed, errors = kerasdl("plugins", "new", "my-net", "--task", "forcasting")
    assert (status, printed) == (2, "")
    assert errors.startswith("error: `task` must be") and "'forecasting'" in errors
    assert not list(tmp_path.iterdir())


def test_neither_keras_nor_a_backend_is_imported_for_an_architecture(tmp_path):
    code = (
        "import sys; from kerasdl.cli import main\n"
        "try: main(['plugins', 'new', 'my-net'])\n"
        "except SystemExit as end: print(end.code, *{'keras', 'numpy'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert done.stdout.splitlines()[-1] == "0", done.stdout + done.stderr

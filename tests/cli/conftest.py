import pytest

from kerasdl.cli import main


class Result:
    def __init__(self, status, output, errors):
        self.status, self.output, self.errors = status, output, errors


@pytest.fixture
def kerasdl(capfd, tmp_path, monkeypatch):
    """Runs a command in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        capfd.readouterr()
        with pytest.raises(SystemExit) as end:
            main([str(argument) for argument in arguments])
        seen = capfd.readouterr()
        return Result(end.value.code, seen.out, seen.err)

    return run

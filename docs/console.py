"""Runs the commands in a page's fences and writes down what they print.

    ``` console run        in every build
    ``` console run long   in full builds only: commands that train
    ``` console mistake    as `run`, but the command must end with status 2, a user's mistake

The commands of a page run one after the other in one folder, which holds the page's files:

    ``` csv title="NAME"

Of a long training the first and last epochs are shown. Outputs are kept until a fence, the library
or a version changes.
"""

import hashlib
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from render_tutorials import ROOT, fingerprint

CACHE = ROOT / ".make" / "console"
_EPOCHS = 5
"""Shown at each end of a long training."""
_FENCE = re.compile(
    r"^``` ?console (?P<kind>run long|run|mistake)\n(?P<lines>.*?)^```$", re.MULTILINE | re.DOTALL
)
_FILE = re.compile(
    r'^``` ?csv title="(?P<name>[^"/]+)"\n(?P<text>.*?)^```$', re.MULTILINE | re.DOTALL
)


def with_outputs(markdown: str, name: str, fast: bool) -> str:
    """The page with each command's output below it.

    Raises:
        RuntimeError: If a command does not end as it should.
    """
    fences = list(_FENCE.finditer(markdown))
    if not fences:
        return markdown
    files = list(_FILE.finditer(markdown))
    source = "".join(fence[0] for fence in fences + files) + fingerprint([Path(__file__)])
    key = hashlib.sha256(source.encode()).hexdigest()[:16]
    stem = "-".join([name.replace("/", "-"), *(["fast"] if fast else [])])
    kept = CACHE / f"{stem}.{key}.md"
    if not kept.is_file():
        for old in CACHE.glob(f"{stem}.*"):
            shutil.rmtree(old, ignore_errors=True) if old.is_dir() else old.unlink()
        folder = CACHE / f"{stem}.work"
        folder.mkdir(parents=True)
        for file in files:
            (folder / file["name"]).write_text(file["text"], "utf-8")
        outputs = [_run(fence, folder, fast) for fence in fences]
        kept.write_text("\0".join(outputs), "utf-8")
    shown = iter(kept.read_text("utf-8").split("\0"))
    return _FENCE.sub(lambda _: next(shown), markdown)


def _run(fence: re.Match[str], folder: Path, fast: bool) -> str:
    parts = []
    for command in _commands(fence["lines"]):
        parts.append(f"$ {command}")
        if not (fast and fence["kind"] == "run long"):
            status = 2 if fence["kind"] == "mistake" else 0
            parts.append(_output(command, folder, status))
    return "\n".join(["```console", *filter(None, parts), "```"])


def _commands(lines: str) -> Iterator[str]:
    for line in lines.splitlines():
        if not line.startswith("$ "):
            raise RuntimeError(f"a command in a `console` fence begins with `$ `. Received: {line}")
        yield line.removeprefix("$ ")


def _output(command: str, folder: Path, status: int) -> str:
    call = shlex.split(command)
    if call[0] == "kerasdl":
        call = [sys.executable, "-m", *call]
    elif call[0] == "python":
        call[0] = sys.executable
    quiet = {"COLUMNS": "96", "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(
        call, cwd=folder, env={**os.environ, **quiet}, capture_output=True, text=True
    )
    if done.returncode != status:
        raise RuntimeError(
            f"`{command}` ended with status {done.returncode}, not {status}:\n{done.stderr}"
        )
    return _shortened((done.stdout + (done.stderr if status else "")).strip("\n"))


def _shortened(output: str) -> str:
    """A long training's epochs: the first and the last of them."""
    epochs = [line for line in output.splitlines() if line.startswith("epoch ")]
    left_out = epochs[_EPOCHS:-_EPOCHS]
    if len(left_out) < _EPOCHS:
        return output
    return output.replace("\n".join(left_out), f"... {len(left_out)} epochs more ...")

"""The checks of a plugin on one backend, or on each by a process of its own."""

import dataclasses
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Collection, Iterator
from typing import Any

from kerasdl.backend import use
from kerasdl.backend.choice import BACKENDS, is_installed
from kerasdl.errors import UserError

_MARK, _MISTAKE = "kerasdl-row:", "kerasdl-mistake:"


def check_on(name: str, backend: str = "", only: Collection[str] = ()) -> Iterator[dict[str, Any]]:
    """The results as rows, each with its backend.

    Args:
        name: Of the plugin or its distribution.
        backend: `jax`, `tensorflow`, `torch`, `all`, or empty for the usual one.
        only: Names of the only checks.

    Raises:
        UserError: If there is no such plugin or backend.
    """
    if backend == "all":
        for each in BACKENDS:
            if is_installed(each):
                yield from _in_process(name, each, only)
        return
    chosen = use(backend or None).name
    from kerasdl.testing.plugin_checks.check import check_plugin

    for found in check_plugin(name, only):
        yield {"backend": chosen, **dataclasses.asdict(found)}


def _in_process(name: str, backend: str, only: Collection[str]) -> Iterator[dict[str, Any]]:
    """The rows as they come from another process, one JSON object a line."""
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", __name__, name, backend, *only],
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
            env={**os.environ, "KERAS_BACKEND": backend},
        )
        with process:
            for line in process.stdout or ():
                if line.startswith(_MARK):
                    yield json.loads(line.removeprefix(_MARK))
        if process.returncode:
            said.seek(0)
            lines = said.read().strip().splitlines()
            mistakes = [line for line in lines if line.startswith(_MISTAKE)]
            if mistakes:
                raise UserError(mistakes[-1].removeprefix(_MISTAKE))
            last = " / ".join(lines[-3:])
            raise UserError(f"the checks on {backend} ended with {process.returncode}: {last}")


if __name__ == "__main__":
    try:
        for found in check_on(sys.argv[1], sys.argv[2], sys.argv[3:]):
            print(_MARK + json.dumps(found), flush=True)
    except UserError as mistake:
        sys.exit(_MISTAKE + " ".join(str(mistake).split()))

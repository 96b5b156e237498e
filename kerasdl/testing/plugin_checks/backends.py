"""The checks of a plugin on one backend, or on each by a process of its own."""

import dataclasses
import json
import os
import subprocess
import sys
from collections.abc import Collection, Iterator
from typing import Any

from kerasdl.backend import use
from kerasdl.backend.choice import BACKENDS, is_installed
from kerasdl.errors import UserError

_TIMEOUT = 3600


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


def _in_process(name: str, backend: str, only: Collection[str]) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "kerasdl", "plugins", "check", name]
    command += [part for check in only for part in ("--only", check)]
    done = subprocess.run(
        [*command, "--backend", backend, "--json"],
        capture_output=True,
        text=True,
        timeout=_TIMEOUT,
        env={**os.environ, "KERAS_BACKEND": backend},
        check=False,
    )
    if done.returncode > 1:
        raise UserError((done.stderr or done.stdout).strip().removeprefix("error: "))
    return json.loads(done.stdout)

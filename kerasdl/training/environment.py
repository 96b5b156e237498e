"""What a run was made with."""

import os
import platform
import subprocess
import sys
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from kerasdl.plugin import host
from kerasdl.plugin.provenance import plugin_origin
from kerasdl.version import __version__

_PACKAGES = (
    "keras",
    "jax",
    "jaxlib",
    "tensorflow",
    "tensorflow-cpu",
    "torch",
    "numpy",
    "scikit-learn",
)


def environment(backend: str) -> dict[str, Any]:
    """Versions, plugins with their hashes, hardware and the state of the source."""
    from kerasdl.backend.devices import devices

    return {
        "kerasdl": __version__,
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "processors": os.cpu_count(),
        "backend": backend,
        "devices": devices(),
        "packages": {name: found for name in _PACKAGES if (found := _version(name))},
        "plugins": [
            plugin_origin(state) | {"state": state.state, "reason": state.reason}
            for state in host().states
            if state.state != "disabled"
        ],
        "started": datetime.now().astimezone().isoformat(timespec="seconds"),
        "folder": str(Path.cwd()),
        "command": sys.argv,
        "git": _git(),
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _git() -> str | None:
    """Commit of the working directory, with `+` where files are changed."""
    try:
        call = ["git", "describe", "--always", "--dirty=+", "--abbrev=12"]
        done = subprocess.run(call, capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None

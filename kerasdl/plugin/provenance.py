"""What a saved model or a run says of the plugin it came from."""

import hashlib
import importlib.util
from functools import cache
from pathlib import Path
from typing import Any

from kerasdl.plugin.catalog import Provider
from kerasdl.plugin.manager import PluginState
from kerasdl.version import __version__


@cache
def package_hash(package: str) -> str:
    """SHA-256 over the Python files of a package: relative names and contents, sorted."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.origin:
        return ""
    root = Path(spec.origin).parent
    files = sorted(root.rglob("*.py")) if spec.submodule_search_locations else [Path(spec.origin)]
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.relative_to(root).as_posix().encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


def plugin_origin(state: PluginState) -> dict[str, str]:
    """Name, distribution, version and hash of a plugin."""
    package = state.module.partition(".")[0]
    return {
        "plugin": state.name,
        "distribution": state.distribution,
        "version": state.version,
        "sha256": package_hash(package) if package else "",
    }


def origin_of(provider: Provider, config: dict[str, Any], task: str) -> dict[str, Any]:
    """The origin of a model: its architecture and the plugin that yielded it."""
    return {
        "architecture": provider.record.name,
        "variant": provider.variant,
        "task": task,
        "config": config,
        **plugin_origin(provider.plugin),
        "kerasdl": __version__,
    }

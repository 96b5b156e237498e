"""Where a plugin comes from, and what a saved model or a run says of it."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kerasdl.plugin.files import files_hash, find_place, plugin_files
from kerasdl.version import __version__

if TYPE_CHECKING:
    from kerasdl.plugin.catalog import Provider
    from kerasdl.plugin.manager import PluginState


def plugin_hash(state: "PluginState") -> str:
    """SHA-256 over a plugin's files, computed once; empty if they cannot be found or read."""
    if state.sha256 is None:
        try:
            state.sha256 = files_hash(plugin_files(_module(state), _distribution(state)))
        except Exception:  # metadata may be of any form; a lock lets nothing in without a hash
            state.sha256 = ""
    return state.sha256


def plugin_origin(state: "PluginState") -> dict[str, str]:
    """Name, distribution, version and hash of a plugin."""
    return {
        "plugin": state.name,
        "distribution": state.distribution,
        "version": state.version,
        "sha256": plugin_hash(state),
    }


def origin_of(provider: "Provider", config: dict[str, Any], task: str) -> dict[str, Any]:
    """The origin of a model: its architecture and the plugin that yielded it."""
    return {
        "architecture": provider.record.name,
        "variant": provider.variant,
        "task": task,
        "config": config,
        **plugin_origin(provider.plugin),
        "kerasdl": __version__,
    }


def origin_difference(origin: Mapping[str, Any], state: "PluginState") -> str:
    """How the installed plugin differs from the one that `origin` names; empty if it does not."""
    named = f"{origin.get('distribution')} {origin.get('version')}"
    if state.version != origin.get("version"):
        return f"was made with {named}; {state.version} is installed"
    before, now = str(origin.get("sha256") or ""), plugin_hash(state)
    if before and now and before != now:
        return (
            f"was made with other files of {named}, edited since under the same version "
            f"(sha256 {short(before)} then, {short(now)} now)"
        )
    return ""


def short(sha256: str) -> str:
    """Enough of a hash to tell two apart."""
    return sha256[:12] or "unknown"


def home(state: "PluginState") -> str:
    """The folder of an editable install, else the folder that the plugin was installed into."""
    distribution = _distribution(state)
    if distribution is None:
        return ""
    about = direct_url(state)
    if _part(about, "dir_info").get("editable"):
        return _path_of(str(about.get("url")))
    return os.path.abspath(str(distribution.locate_file("")))


def direct_url(state: "PluginState") -> dict[str, Any]:
    """What the installer noted of a plugin that came from no package index: `direct_url.json`."""
    import json

    distribution = _distribution(state)
    try:
        text = distribution.read_text("direct_url.json") if distribution is not None else None
        about = json.loads(text or "{}")
    except ValueError:
        return {}
    return about if isinstance(about, dict) else {}


def source(state: "PluginState") -> dict[str, str]:
    """All that is known of where a plugin lies and came from, hash included."""
    about = direct_url(state)
    roots = find_place(_module(state)).roots
    return {
        "from": home(state),
        "path": os.pathsep.join(map(str, roots)),
        "url": str(about.get("url") or ""),
        "commit": str(_part(about, "vcs_info").get("commit_id") or ""),
        "sha256": plugin_hash(state),
    }


def _module(state: "PluginState") -> str:
    """The module part of `package.module:object [extra]`."""
    return state.entry_point.partition("[")[0].partition(":")[0].strip()


def _distribution(state: "PluginState") -> Any:
    return state.entry.dist if state.entry is not None else None


def _part(about: dict[str, Any], key: str) -> dict[str, Any]:
    found = about.get(key)
    return found if isinstance(found, dict) else {}


def _path_of(url: str) -> str:
    from urllib.parse import unquote, urlsplit

    path = unquote(urlsplit(url).path)
    return os.path.normpath(path.lstrip("/") if os.name == "nt" else path)

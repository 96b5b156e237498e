"""The allow list of plugins: which files may be imported, and nothing else.

A lock file belongs to a project and is committed with it, so `kerasdl plugins lock` writes
`kerasdl-plugins.lock.toml` into the working directory, unless `--file` or a lock in force names
another place. Lying there puts it in force for nobody: what may be imported must not depend on the
folder a command is started from. It is in force where the environment says so
(`KERASDL_PLUGINS_LOCK=PATH`, for a project or a server), else where the user's settings do
(`kerasdl plugins lock --enforce`, for a person). A lock in force that cannot be read is an error:
then no plugin is imported.
"""

import os
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerasdl.errors import UserError
from kerasdl.plugin.provenance import plugin_hash, short
from kerasdl.settings import read_settings
from kerasdl.small_files import read_toml

if TYPE_CHECKING:
    from kerasdl.plugin.manager import PluginState

LOCK = "KERASDL_PLUGINS_LOCK"
FILE = "kerasdl-plugins.lock.toml"
SETTING = "lock"

_FORMAT = 1
_FIRST_LINE = "# The plugins that kerasdl may import: a lock file, made by `kerasdl plugins lock`."
_HEADER = f"""{_FIRST_LINE}
# In force where {LOCK} names it, or after `kerasdl plugins lock --enforce`: then a
# plugin that is not listed here, or whose version, entry point or files differ, is not imported.
# Renew it with `kerasdl plugins lock`, compare with `kerasdl plugins lock --check`; do not edit.

"""
_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, order=True)
class Locked:
    """One plugin that may be imported, as it was when the list was written."""

    distribution: str
    name: str
    version: str
    entry_point: str
    sha256: str

    @property
    def key(self) -> tuple[str, str]:
        """What one plugin is told from another by."""
        return self.distribution, self.name

    def changes(self, now: "Locked") -> str:
        """What differs, with both values; empty if nothing does."""
        found = []
        if now.version != self.version:
            found.append(f"version {now.version}, locked {self.version}")
        if now.entry_point != self.entry_point:
            found.append(f"entry point {now.entry_point}, locked {self.entry_point}")
        if now.sha256 != self.sha256:
            found.append(f"sha256 {short(now.sha256)}, locked {short(self.sha256)}")
        return "; ".join(found)


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock file and what it lists."""

    path: Path
    plugins: Mapping[tuple[str, str], Locked]

    def objection(self, state: "PluginState") -> str:
        """Why a plugin must not be imported; empty if it may be."""
        now = locked(state)
        listed = self.plugins.get(now.key)
        if not now.sha256:
            return f"its files cannot be found or read, so that the lock {self.path} cannot be kept"
        if listed is None:
            return f"not in the lock {self.path}; to allow it: kerasdl plugins lock"
        if changes := listed.changes(now):
            return (
                f"changed since the lock {self.path} was made: {changes}; "
                "to allow it as it is now: kerasdl plugins lock"
            )
        return ""

    def differences(self, states: Iterable["PluginState"]) -> list[str]:
        """A line for each plugin that renewing the list would add, change or remove."""
        now = {entry.key: entry for entry in map(locked, states)}
        lines = []
        for key in sorted({*now, *self.plugins}):
            label = f"{key[1]} ({key[0]})"
            if key not in self.plugins:
                lines.append(f"{label}: version {now[key].version}, not in the lock")
            elif key not in now:
                lines.append(f"{label}: in the lock, not installed or switched off")
            elif changes := self.plugins[key].changes(now[key]):
                lines.append(f"{label}: {changes}")
        return lines


def locked(state: "PluginState") -> Locked:
    """A plugin as it is now; imports nothing."""
    return Locked(
        state.distribution, state.name, state.version, state.entry_point, plugin_hash(state)
    )


def lock_path() -> Path | None:
    """The file in force: `KERASDL_PLUGINS_LOCK`, else the setting `lock`; None if there is none.

    Raises:
        UserError: If either names no file.
    """
    given: Any = os.environ.get(LOCK)
    where = LOCK
    if given is None:
        given, where = read_settings().get(SETTING), "the setting `lock`"
    if given is None:
        return None
    if not isinstance(given, str) or not given.strip():
        raise UserError(
            f"{where} must name a lock file, so no plugin is imported. Received: {given!r}. "
            f"To do without a lock: {_release()}"
        )
    return Path(given).expanduser().absolute()


def lock_in_force() -> Lock | None:
    """What may be imported; None if anything may.

    Raises:
        UserError: If a lock is in force that cannot be read.
    """
    path = lock_path()
    if path is None:
        return None
    try:
        return read_lock(path)
    except UserError as error:
        raise UserError(
            f"{error}. It is in force, so no plugin is imported. To allow what is installed: "
            f"kerasdl plugins lock. To do without a lock: {_release()}"
        ) from None


def read_lock(path: Path) -> Lock:
    """Reads a lock file.

    Raises:
        UserError: If it is missing, unreadable or of another form.
    """
    values = read_toml(path, "the plugin lock")
    tables = values.get("plugin")
    if values.get("format") != _FORMAT or set(values) != {"format", "plugin"}:
        raise UserError(f"{path} is no plugin lock of format {_FORMAT}")
    if not isinstance(tables, list):
        raise UserError(f"{path} is no plugin lock: `plugin` must be a list of tables")
    entries = [_entry(path, table) for table in tables]
    plugins = {entry.key: entry for entry in entries}
    if len(plugins) < len(entries):
        raise UserError(f"{path} is no plugin lock: it lists a plugin twice")
    return Lock(path, plugins)


def write_lock(path: Path, states: Iterable["PluginState"]) -> None:
    """Writes the plugins as they are now, without those whose files cannot be found.

    The file is written whole or not at all.

    Raises:
        UserError: If something else is there, or the file cannot be written.
    """
    import tomli_w

    path = Path(os.path.realpath(path))
    _keep_others(path)
    entries = [asdict(entry) for entry in sorted(map(locked, states)) if entry.sha256]
    text = _HEADER + tomli_w.dumps({"format": _FORMAT, "plugin": entries}, multiline_strings=False)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_text(text, "utf-8")
        part.replace(path)
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        cause = error.strerror or error
        raise UserError(f"the plugin lock {path} cannot be written: {cause}") from None


def _entry(path: Path, table: Any) -> Locked:
    names = {field.name for field in fields(Locked)}
    if not isinstance(table, dict) or set(table) != names:
        raise UserError(f"{path} is no plugin lock: a plugin must have {', '.join(sorted(names))}")
    if not all(isinstance(value, str) and value for value in table.values()):
        raise UserError(f"{path} is no plugin lock: an entry of {table['name']!r} is no text")
    if not _HASH.fullmatch(table["sha256"]):
        raise UserError(f"{path} is no plugin lock: the sha256 of {table['name']!r} is no SHA-256")
    return Locked(**table)


def _keep_others(path: Path) -> None:
    """Refuses to overwrite what is no lock; a damaged one may be renewed."""
    try:
        text = path.read_text("utf-8", errors="replace")
    except OSError:
        return  # not there, or writing will say why
    if text.strip() and not text.startswith(_FIRST_LINE):
        raise UserError(f"{path} exists and is no plugin lock: delete it, or name another `--file`")


def _release() -> str:
    return f"unset {LOCK}" if LOCK in os.environ else "kerasdl plugins lock --release"

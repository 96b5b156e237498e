"""What the user has chosen once: a small TOML file, read on demand."""

import os
from pathlib import Path
from typing import Any

from kerasdl.errors import UserError
from kerasdl.small_files import read_toml


def settings_path() -> Path:
    """`$XDG_CONFIG_HOME/kerasdl/settings.toml`, by default under `~/.config`."""
    base = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(base) / "kerasdl" / "settings.toml"


def read_settings() -> dict[str, Any]:
    """The saved settings, empty if there are none.

    Raises:
        UserError: If the file is not TOML, or `prefer` in it is no table.
    """
    path = settings_path()
    if not _is_readable(path):
        return {}
    try:
        settings = read_toml(path, "settings file")
        if not isinstance(settings.get("prefer", {}), dict):
            raise UserError(f"settings file {path}: `prefer` must be a table")
    except UserError as error:
        raise UserError(f"{error}: mend or delete it") from None
    return settings


def write_setting(*keys: str, value: str) -> Path:
    """Saves one value, `write_setting("prefer", "resnet", value="kerasdl-resnet")`."""
    settings = read_settings()
    table = settings
    for key in keys[:-1]:
        table = table.setdefault(key, {})
    table[keys[-1]] = value
    return _write(settings)


def remove_setting(key: str) -> Path:
    """Forgets one value, whether there is one or not."""
    settings = read_settings()
    if settings.pop(key, None) is not None:
        _write(settings)
    return settings_path()


def _is_readable(path: Path) -> bool:
    try:
        return path.exists() and os.access(path, os.R_OK)
    except (OSError, ValueError):
        return False


def _write(settings: dict[str, Any]) -> Path:
    import tomli_w

    path = settings_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(tomli_w.dumps(settings), "utf-8")
    return path

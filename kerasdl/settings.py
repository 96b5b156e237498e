"""What the user has chosen once: a small TOML file, read on demand."""

import os
import tomllib
from pathlib import Path
from typing import Any

from kerasdl.errors import UserError


def settings_path() -> Path:
    """`$XDG_CONFIG_HOME/kerasdl/settings.toml`, by default under `~/.config`."""
    base = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(base) / "kerasdl" / "settings.toml"


def read_settings() -> dict[str, Any]:
    """The saved settings, empty if there are none.

    Raises:
        UserError: If the file is not TOML.
    """
    path = settings_path()
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"settings file {path} is not TOML ({error}): mend or delete it") from None


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


def _write(settings: dict[str, Any]) -> Path:
    import tomli_w

    path = settings_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(tomli_w.dumps(settings), "utf-8")
    return path

"""Small files that people and programs write: TOML and JSON, read without a surprise."""

import json
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kerasdl.errors import UserError

LARGEST = 64 * 2**20
"""Bytes; a larger file is no configuration."""


def read_toml(path: str | Path, what: str) -> dict[str, Any]:
    """The table in a TOML file.

    Args:
        path: The file.
        what: What messages call it: `configuration`.

    Raises:
        UserError: If it is missing, no file, too large or no TOML.
    """
    content = _content(path, what)
    try:
        return tomllib.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise UserError(f"{what} {path} is not TOML: {_reason(error)}") from None


def read_json(path: str | Path, what: str) -> dict[str, Any]:
    """The object in a JSON file; arguments and errors as of `read_toml`."""
    content = _content(path, what)
    try:
        value = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise UserError(f"{what} {path} is not JSON: {_reason(error)}") from None
    if not isinstance(value, dict):
        raise UserError(f"{what} {path} must hold a JSON object. Received: {type(value).__name__}")
    return value


@contextmanager
def as_written(path: Path, what: str) -> Iterator[None]:
    """Turns what a file's missing or odd entries lead to inside the block into `UserError`."""
    try:
        yield
    except UserError as error:
        if str(path) in str(error):  # it is said already
            raise
        raise UserError(f"{what} {path}: {error}") from None
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise UserError(f"{what} {path} is not as it was written: {error!r:.300}") from None


def _content(path: str | Path, what: str) -> bytes:
    path = Path(path)
    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            raise UserError(f"{what} {path} cannot be read: it is a device or a pipe")
        with path.open("rb") as file:
            size = path.stat().st_size
            content = b"" if size > LARGEST else file.read()
    except OSError as error:
        raise UserError(f"{what} {path} cannot be read: {error.strerror or error}") from None
    except UserError:
        raise
    except ValueError as error:
        raise UserError(f"{what} {str(path)!r} cannot be read: {error}") from None
    if size > LARGEST:
        raise UserError(f"{what} {path} is larger than {LARGEST} bytes")
    return content


def _reason(error: Exception) -> str:
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error)

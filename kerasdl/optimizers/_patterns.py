"""Regular expressions given as arguments."""

import re
from collections.abc import Iterable

from kerasdl.errors import UserError, did_you_mean


def check_patterns(name: str, patterns: Iterable[str]) -> None:
    """Raises unless `patterns` are regular expressions, in a collection."""
    if isinstance(patterns, str):
        raise UserError(f"`{name}` must be a list of patterns. Received: {name}={patterns!r}")
    for pattern in patterns:
        try:
            re.compile(pattern)
        except (re.error, TypeError) as error:
            raise UserError(
                f"`{name}` must hold regular expressions. Received: {pattern!r} ({error})"
            ) from error


def found(patterns: Iterable[str], path: str) -> list[str]:
    """The patterns that are found in `path`."""
    return [pattern for pattern in patterns if re.search(pattern, path)]


def check_found(name: str, patterns: Iterable[str], paths: list[str]) -> None:
    """Raises unless each pattern is found in some path."""
    for pattern in patterns:
        if not any(found([pattern], path) for path in paths):
            raise UserError(
                f"`{name}` must have patterns that some variable's path contains. "
                f"Received: {pattern!r}.{did_you_mean(pattern, paths)}"
            )

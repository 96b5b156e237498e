"""What kerasdl raises when the mistake is in what it was given."""

import difflib
from collections.abc import Iterable

_LONGEST_NAME = 200
"""Characters; comparing longer ones takes long and finds nothing."""


class UserError(ValueError):
    """A mistake the user can mend: argument, rule, value, way out.

    The command line prints the message alone and exits with status 2; everything else that is
    raised counts as a failure of the program (status 1, traceback in the log).
    """


class MissingDependencyError(UserError):
    """An optional library is needed for what was asked and is not installed."""


def closest(name: str, known: Iterable[str], limit: int = 3) -> list[str]:
    """Known names that resemble `name`, best first."""
    if len(name) > _LONGEST_NAME:
        return []
    lowered = {candidate.lower(): candidate for candidate in known}
    found = difflib.get_close_matches(name.lower(), lowered, n=limit, cutoff=0.55)
    return [lowered[match] for match in found]


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A sentence with close matches, or with all of the few names, or nothing."""
    known = sorted(known)
    matches = closest(name, known)
    if matches:
        return f" Did you mean {' or '.join(map(repr, matches))}?"
    if 0 < len(known) <= 25:
        return f" Known: {', '.join(known)}."
    return ""


def require(module: str, extra: str, purpose: str) -> None:
    """Raises `MissingDependencyError` with the install command unless `module` can be imported."""
    import importlib.util

    if importlib.util.find_spec(module) is None:
        raise MissingDependencyError(
            f"{purpose} needs the package `{module}`, which is not installed. "
            f'Install it with: pip install "kerasdl[{extra}]"'
        )

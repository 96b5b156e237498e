"""Python's own standard library as a corpus of text."""

import sysconfig
import tokenize
from collections.abc import Iterator
from pathlib import Path

from kerasdl.data.sample_order import whole
from kerasdl.errors import UserError

_LEFT_OUT = frozenset(
    {
        *("site-packages", "dist-packages", "lib-dynload", "__pycache__"),
        *("test", "tests", "idle_test"),
        *("encodings", "pydoc_data"),  # tables and one long string
    }
)
_MADE_AT_INSTALLATION = ("_sysconfigdata", "config-")


def python_source(limit: int = 4_000_000) -> dict[str, str]:
    """The sources of Python's standard library: real text that is there without a network.

    Whole files in the order of their names, without tests, the tables of `encodings`, installed
    packages, and what an installation writes for its own machine. It is the library of the Python
    that runs: note `platform.python_version()` beside a result.

    Args:
        limit: Characters at most; the first file that would go beyond ends the corpus.

    Returns:
        The text of each file by its name, such as `asyncio/events.py`.

    Raises:
        UserError: If this Python has no sources, or `limit` is less than its first file.

    Example:
        >>> next(iter(python_source(limit=100_000)))
        '__future__.py'
    """
    limit = whole("limit", limit, 2**63, start=1)
    folder = Path(sysconfig.get_path("stdlib"))
    texts: dict[str, str] = {}
    total = 0
    for name in sorted(_names(folder)):
        try:
            with tokenize.open(folder / name) as stream:  # heeds the file's own encoding line
                text = stream.read()
        except (SyntaxError, UnicodeDecodeError, OSError):
            continue  # not Python that this Python reads
        total += len(text)
        if total > limit:
            break
        texts[name] = text
    if not texts:
        raise UserError(
            f"no source of the standard library within `limit` in {folder}. Received: limit={limit}"
        )
    return texts


def _names(folder: Path) -> Iterator[str]:
    for path in folder.rglob("*.py"):
        parts = path.relative_to(folder).parts
        if not _LEFT_OUT.intersection(parts) and not parts[0].startswith(_MADE_AT_INSTALLATION):
            yield "/".join(parts)

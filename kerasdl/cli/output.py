"""What the commands print: tables by Rich on a terminal, plain lines elsewhere, JSON on demand."""

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from kerasdl.numbers import short

_LONGEST = 4000  # characters


def error(message: str, hint: str = "") -> None:
    """One message on standard error."""
    if hint:
        message = f"{message.rstrip('.')}. {hint}"
    if len(message) > _LONGEST:  # what was received may be long
        message = f"{message[: _LONGEST // 2]} … {message[-_LONGEST // 2 :]}"
    print(f"error: {message}", file=sys.stderr)


def note(message: str) -> None:
    """One line on standard error, beside the result."""
    print(message, file=sys.stderr)


def as_json(value: Any) -> None:
    """Prints `value` for a program to read."""
    print(json.dumps(value, indent=1, ensure_ascii=False, default=str))


def table(rows: Sequence[Mapping[str, Any]], empty: str = "nothing") -> None:
    """Prints rows under the names of their columns."""
    if not rows:
        print(empty)
        return
    columns = list(rows[0])
    cells = [[_cell(row.get(column, "")) for column in columns] for row in rows]
    numeric = [all(isinstance(row.get(c, 0), int | float) for row in rows) for c in columns]
    if sys.stdout.isatty():
        _rich_table(columns, cells, numeric)
    else:
        _plain_table(columns, cells, numeric)


def pairs(values: Mapping[str, Any]) -> None:
    """Prints name and value, a line each, without empty ones."""
    shown = {
        name: _cell(value) for name, value in values.items() if value not in (None, "", (), [], {})
    }
    width = max(map(len, shown), default=0)
    for name, value in shown.items():
        print(f"{name:<{width}}  {value}")


def _plain_table(columns: Sequence[str], cells: list[list[str]], numeric: list[bool]) -> None:
    widths = [max(map(len, column)) for column in zip(columns, *cells, strict=True)]
    for row in [list(columns), *cells]:
        parts = [
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, numeric, strict=True)
        ]
        print("  ".join(parts).rstrip())


def _rich_table(columns: Sequence[str], cells: list[list[str]], numeric: list[bool]) -> None:
    from rich import box
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    drawn = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)
    for column, right in zip(columns, numeric, strict=True):
        drawn.add_column(column, justify="right" if right else "left", overflow="fold")
    for row in cells:
        drawn.add_row(*map(escape, row))
    Console().print(drawn)


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return short(value)
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return str(value)

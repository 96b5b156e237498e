"""Samples in words: what was expected, what was said."""

import json
import re
from typing import Any

from kerasdl.training.records import RunRecord
from kerasdl.training.report.markup import Content, Markup, el, table

FILE = "examples.json"
_LONGEST = 400


def examples(record: RunRecord) -> Content:
    """The rows of `examples.json`, those that are wrong marked."""
    rows = _rows(record)
    if not rows:
        return None
    head = list(dict.fromkeys(name for row in rows for name in row if name != "right"))
    marked = any("right" in row for row in rows)
    shown = [[*([_mark(row.get("right"))] if marked else []), *_cells(row, head)] for row in rows]
    titles = [*([""] if marked else []), *(name.replace("_", " ") for name in head)]
    return [el("h3", "Examples"), table(shown, titles, class_="examples")]


def _rows(record: RunRecord) -> list[dict[str, Any]]:
    try:
        found = json.loads((record.folder / FILE).read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return []
    rows = found.get("rows") if isinstance(found, dict) else None
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _cells(row: dict[str, Any], head: list[str]) -> list[Content]:
    return [_cut(row.get(name, "")) for name in head]


def _cut(value: Any) -> Content:
    if isinstance(value, str):
        value = re.sub(r"\s*\n\s*", "\n", value.strip())
        return value if len(value) <= _LONGEST else value[:_LONGEST].rstrip() + " …"
    if isinstance(value, float):
        return f"{value:,.6g}" if abs(value) >= 1 else f"{value:.3g}"
    return value


def _mark(right: Any) -> Markup:
    if right is None:
        return el("span", "")
    return el("span", "✓" if right else "✕", class_="right" if right else "wrong")

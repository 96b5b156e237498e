"""The figures at the end, and the table that some tasks have."""

from typing import Any

from kerasdl.numbers import short
from kerasdl.training.records import RunRecord
from kerasdl.training.report.markup import Content, Markup, el, table, words
from kerasdl.training.report.sections import Section, folded

_FEW = 12
_SHARES = ("precision", "recall", "f1")


def outcome(record: RunRecord) -> Section:
    """Every figure of the split measured, and rows by class, output or text."""
    figures = record.figures
    if not figures:
        return Section("figures", "Figures", None)
    rows = [(name.replace("_", " "), short(value)) for name, value in figures.items()]
    body: list[Content] = [
        el("p", f"Measured on the {record.split} split", _count(record), "."),
        el(
            "dl",
            [el("div", el("dt", name), el("dd", value)) for name, value in rows],
            class_="figures",
        ),
    ]
    notes = record.results.get("notes")
    if isinstance(notes, dict):
        body.append(
            el(
                "p",
                [el("span", f"{name} by {text} ") for name, text in notes.items()],
                class_="note",
            )
        )
    body.append(_rows(record.results.get("table")))
    return Section("figures", "Figures", body)


def _count(record: RunRecord) -> str:
    samples = record.results.get("samples")
    if not isinstance(samples, dict):
        return ""
    own = samples.get(record.split)
    rest = ", ".join(
        f"{words(n)} for {split}" for split, n in samples.items() if split != record.split
    )
    return f": {words(own)} samples, beside {rest}" if own is not None and rest else ""


def _rows(found: Any) -> Content:
    rows = [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []
    if not rows:
        return None
    head = list(rows[0])
    drawn = table(
        [[_shown(name, row.get(name)) for name in head] for row in rows],
        [name.replace("_", " ") for name in head],
    )
    if len(rows) <= _FEW:
        return drawn
    return folded(f"{len(rows)} rows, by {head[0]}", drawn)


def _shown(name: str, value: Any) -> Content:
    """A share with a bar below it; anything else as it is."""
    if name in _SHARES and isinstance(value, float) and 0 <= value <= 1:
        bar = el("span", class_="bar", style=f"width:{value:.1%}")
        return Markup(el("span", f"{value:.3f}", class_="share") + el("span", bar, class_="track"))
    return value

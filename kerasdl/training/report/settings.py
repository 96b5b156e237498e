"""What was set, and what was left as it is."""

from typing import Any

from kerasdl.training.differences import flattened, from_defaults
from kerasdl.training.records import RunRecord
from kerasdl.training.report.markup import el, table, words
from kerasdl.training.report.sections import Section, folded


def settings(record: RunRecord) -> Section:
    """Differences from the defaults; all settings folded."""
    if not record.config:
        return Section("settings", "Settings", None)
    changed = from_defaults(record.config)
    rows = [
        (el("code", name), _shown(value), el("span", _shown(default), class_="quiet"))
        for name, (value, default) in changed.items()
    ]
    first = table(rows, ("setting", "value", "default")) if rows else el("p", "All as by default.")
    everything = [(el("code", k), _shown(v)) for k, v in flattened(record.config).items()]
    return Section(
        "settings",
        "Settings",
        [first, folded(f"all {len(everything)} settings", table(everything))],
    )


def _shown(value: Any) -> str:
    """As it would be written, since it may be written again."""
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list | tuple):
        return ", ".join(map(_shown, value)) or "none"
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else words(value)

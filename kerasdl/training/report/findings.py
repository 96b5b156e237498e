"""What the curves say, and what to do about it."""

import math
from typing import Any

from kerasdl.training.records import RunRecord
from kerasdl.training.report.markup import Markup, el
from kerasdl.training.report.sections import Section, folded

_CLASSES = ("image-classification", "tabular-classification", "text-classification")


def findings(record: RunRecord) -> Section:
    """Warnings and problems in full; what is well, folded."""
    if not record.history:
        return Section("advice", "Advice", None)
    from kerasdl.diagnostics import advise

    monitor, mode = _monitor(record)
    found = advise(record.history, monitor, mode, chance=_chance(record))
    bad = [each for each in found if each.is_bad]
    good = [each for each in found if not each.is_bad]
    first = el("div", map(_shown, bad), class_="findings")
    if not bad:
        first = el("p", "Nothing in the curves asks for a change.", class_="well")
    count = f"{len(good)} other checks" if bad else f"{len(good)} checks"
    rest = folded(count, el("div", map(_shown, good), class_="findings")) if good else None
    return Section("advice", "Advice", [first, rest])


def _shown(finding: Any) -> Markup:
    kind = finding.verdict.replace(" ", "-")
    return el(
        "div",
        el("span", _SIGNS.get(finding.verdict, "·"), class_="sign", aria_hidden="true"),
        el(
            "div",
            el("h3", finding.check.replace("-", " "), el("small", finding.verdict)),
            el("p", finding.evidence),
            el("p", finding.advice, class_="advice") if finding.advice else None,
        ),
        class_=f"finding {kind}",
    )


_SIGNS = {"ok": "✓", "warning": "!", "problem": "✕"}


def _monitor(record: RunRecord) -> tuple[str, str]:
    said = record.results.get("monitor")
    if isinstance(said, dict) and said.get("mode") in ("min", "max"):
        return str(said.get("name")), str(said["mode"])
    return "val_loss", "min"


def _chance(record: RunRecord) -> float | None:
    """The loss of one who guesses, where that is plain to see."""
    labels = record.task.get("labels")
    config = record.config
    usual = not any(config.get(name) for name in ("loss", "mix", "regularizer", "label_smoothing"))
    if usual and record.task.get("task") in _CLASSES and isinstance(labels, list) and labels[1:]:
        return math.log(len(labels))
    return None

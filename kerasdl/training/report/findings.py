"""What the curves say, and what to do about it."""

from typing import Any

from kerasdl.training.advice import advice
from kerasdl.training.records import RunRecord
from kerasdl.training.report.markup import Markup, el
from kerasdl.training.report.sections import Section, folded


def findings(record: RunRecord) -> Section:
    """Warnings and problems in full; what is well, folded."""
    if not record.history:
        return Section("advice", "Advice", None)
    found = advice(record)
    bad = [each for each in found if each.is_bad]
    good = [each for each in found if not each.is_bad]
    first = el("div", map(_shown, bad), class_="findings")
    if not bad and any(each.verdict == "ok" for each in good):
        first = el("p", "Nothing in the curves asks for a change.", class_="well")
    elif not bad:
        first = el("p", "The curves are too short to say anything.")
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

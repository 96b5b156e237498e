"""What the run was made with."""

from typing import Any

from kerasdl.training.records import RunRecord
from kerasdl.training.report.markup import Content, el, table, words
from kerasdl.training.report.opening import devices
from kerasdl.training.report.sections import Section


def surroundings(record: RunRecord) -> Section:
    """Versions, device, seed, the state of the source, plugins with their hashes."""
    about = record.environment
    if not about:
        return Section("environment", "Environment", None)
    packages = about.get("packages")
    versions = packages if isinstance(packages, dict) else {}
    facts: dict[str, Any] = {
        "kerasdl": about.get("kerasdl"),
        "backend": about.get("backend"),
        **versions,
        "Python": about.get("python"),
        "device": devices(about),
        "processors": about.get("processors"),
        "system": about.get("platform"),
        "seed": record.config.get("seed"),
        "went on": _pieces(about.get("resumed")),
        "source (git)": about.get("git") or "no repository",
    }
    shown = {name: words(value) for name, value in facts.items() if value not in (None, "")}
    rows = [el("div", el("dt", name), el("dd", value)) for name, value in shown.items()]
    body = [el("dl", rows, class_="facts"), _plugins(about)]
    return Section("environment", "Environment", body)


def _pieces(resumed: Any) -> str:
    """How often a run that was broken off went on."""
    times = len(resumed) if isinstance(resumed, list) else 0
    return f"{times} time{'s' * (times > 1)}" if times else ""


def _plugins(about: dict[str, Any]) -> Content:
    found = about.get("plugins")
    plugins = [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []
    if not plugins:
        return None
    rows = [
        (
            each.get("plugin", ""),
            f"{each.get('distribution') or ''} {each.get('version') or ''}".strip(),
            el("code", str(each.get("sha256") or "")[:16], title=each.get("sha256")),
            each.get("state") if each.get("state") != "loaded" else "",
        )
        for each in plugins
    ]
    kept = [row if any(r[3] for r in rows) else row[:3] for row in rows]
    head = ("plugin", "distribution", "SHA-256, first digits", "state")[: len(kept[0])]
    return [el("h3", "Plugins"), table(kept, head)]

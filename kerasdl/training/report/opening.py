"""The top of the page: what was trained on what, and how good it is."""

from typing import Any

from kerasdl.numbers import short
from kerasdl.training.records import RunRecord, main_name
from kerasdl.training.report.markup import Markup, duration, el, words
from kerasdl.training.report.sections import chip

_SHARES = ("accuracy", "exact_match", "label_accuracy")
LOGO = Markup(
    '<svg class="logo" viewBox="0 0 64 64" aria-hidden="true">'
    '<rect width="64" height="64" rx="14"/><path d="M18 14v36M46 14 27 32l19 18"/>'
    '<circle cx="46" cy="14" r="5.5"/><circle cx="46" cy="50" r="5.5"/>'
    '<circle cx="18" cy="32" r="5.5"/></svg>'
)


def opening(record: RunRecord) -> Markup:
    """Title, state, and the figures that say most."""
    config = record.config
    began = record.started
    return el(
        "header",
        el(
            "p",
            LOGO,
            el("span", "kerasdl run"),
            el("span", record.name, class_="folder"),
            class_="kicker",
        ),
        el("h1", config.get("architecture", "?"), el("span", " on "), data_name(record)),
        el(
            "p",
            chip(record.status, record.status),
            el("span", _sentence(record)),
            el("span", f"{began:%d %B %Y, %H:%M}".lstrip("0")) if began else None,
            class_="about",
        ),
        _cards(record),
    )


def data_name(record: RunRecord) -> str:
    """The data's own name, or the last part of its path."""
    name = record.results.get("data")
    if isinstance(name, dict) and name.get("name"):
        return str(name["name"])
    return str(record.config.get("data", "?")).rstrip("/").rpartition("/")[2]


def _sentence(record: RunRecord) -> str:
    """The task, the inputs and what is answered, in words."""
    task = record.task
    inputs = task.get("inputs")
    inputs = inputs if isinstance(inputs, dict) else {}
    parts = [str(task.get("task", "")).replace("-", " ")]
    shape = inputs.get("shape")
    if isinstance(shape, list) and shape:
        size = " × ".join(map(str, shape))
        kinds = {"images": f"images {size}", "table": f"{shape[-1]} columns"}
        kinds["series"] = f"{shape[0]} steps back"
        kinds["tokens"] = kinds["words"] = f"up to {shape[0]} tokens"
        parts.append(kinds.get(str(inputs.get("kind")), f"inputs {size}"))
    labels = task.get("labels")
    if isinstance(labels, list) and labels:
        kind = "classes" if "classification" in parts[0] else "outputs"
        parts.append(f"{len(labels)} {kind}" if len(labels) > 1 else f"predicts {labels[0]}")
    return " · ".join(filter(None, parts))


def _cards(record: RunRecord) -> Markup:
    results = record.results
    cards = []
    main = record.main_figure
    if main is not None:
        split_and_name, value = main
        cards.append(_card(split_and_name.replace("_", " "), _large(split_and_name, value), "main"))
    others = {n: v for n, v in record.figures.items() if n != main_name(record.figures)}
    for name, value in list(others.items())[:3]:
        cards.append(_card(name.replace("_", " "), _large(name, value)))
    cards.append(_card("epochs", _epochs(record)))
    if record.seconds is not None:
        cards.append(_card("training", duration(record.seconds)))
    if isinstance(results.get("parameters"), int):
        cards.append(_card("parameters", words(results["parameters"])))
    backend = record.environment.get("backend")
    if backend:
        cards.append(_card("device", f"{backend}, {devices(record.environment)}"))
    return el("div", cards, class_="cards")


def devices(environment: dict[str, Any]) -> str:
    """The devices, without their numbers where there is one."""
    found = environment.get("devices")
    found = [str(name) for name in found] if isinstance(found, list) else []
    kinds = {name.partition(":")[0] for name in found}
    if len(kinds) == 1 and found:
        return f"{len(found)} × {kinds.pop()}" if len(found) > 1 else kinds.pop()
    return ", ".join(found)


def _epochs(record: RunRecord) -> str:
    asked = record.config.get("epochs")
    if record.status == "finished" and asked == record.epochs:
        return words(record.epochs)
    return f"{record.epochs} of {asked}" if isinstance(asked, int) else words(record.epochs)


def _card(name: str, value: str, kind: str = "") -> Markup:
    return el(
        "div",
        el("div", value, class_="value"),
        el("div", name, class_="name"),
        class_=f"card {kind}".strip(),
    )


def _large(name: str, value: float) -> str:
    share = any(name.endswith(one) for one in _SHARES) and 0 <= value <= 1
    return f"{value:.2%}" if share else short(value)

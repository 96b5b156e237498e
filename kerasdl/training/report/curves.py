"""The course of the training, a chart a quantity."""

import math
from collections.abc import Sequence

from kerasdl.numbers import short
from kerasdl.training.records import RunRecord, lower_is_better
from kerasdl.training.report.chart import line_chart
from kerasdl.training.report.markup import Content, Markup, el
from kerasdl.training.report.sections import Section

_LAST = ("learning_rate", "gradient_norm")


def curves(record: RunRecord) -> Section:
    """Training beside validation; learning rate and gradient norm after them."""
    history = record.history
    epochs = history.get("epoch", [])
    if not epochs:
        return Section("curves", "Curves", None)
    names = [name for name in history if name != "epoch" and not name.startswith("val_")]
    ordered = [n for n in names if n == "loss"] + [n for n in names if n != "loss"]
    ordered = [n for n in ordered if not n.startswith(_LAST)] + [
        n for last in _LAST for n in ordered if n.startswith(last)
    ]
    charts = [_chart(name, epochs, history) for name in ordered]
    rows = "charts three" if len(charts) in (3, 5, 6) else "charts"
    return Section("curves", "Curves", el("div", charts, class_=rows))


def _chart(name: str, epochs: Sequence[float], history: dict[str, list[float]]) -> Markup:
    lines = {"train" if f"val_{name}" in history else "other": history[name]}
    if f"val_{name}" in history:
        lines["val"] = history[f"val_{name}"]
    title = name.replace("_", " ")
    legend = [
        el("span", el("i", class_=kind), _LEGENDS[kind], el("b", short(values[-1])))
        for kind, values in lines.items()
    ]
    return el(
        "figure",
        el("figcaption", el("strong", title), el("span", legend, class_="legend")),
        # A rate that ends near zero would be all cliff.
        line_chart(epochs, lines, f"{title} over epochs", not name.startswith("learning_rate")),
        _best(name, epochs, lines),
    )


_LEGENDS = {"train": "training ", "val": "validation ", "other": "last "}


def _best(name: str, epochs: Sequence[float], lines: dict[str, list[float]]) -> Content:
    """Which epoch was best, where validation says so."""
    known = [(v, e) for v, e in zip(lines.get("val", ()), epochs, strict=False) if math.isfinite(v)]
    if len(known) < 2:
        return None
    value, epoch = min(known) if lower_is_better(name) else max(known, key=lambda pair: pair[0])
    return el("p", f"best validation: {short(value)} in epoch {epoch:.0f}", class_="note")

"""The curves of several runs over one another."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kerasdl.plots.figure import COLOURS, new_figure, save, tidy

_PANELS = 4
_WIDE_RANGE = 50
_LAST = ("learning_rate", "gradient_norm")
_STYLES = ("-", "--", ":", "-.")


def compared_curves(
    histories: Mapping[str, Mapping[str, Sequence[float]]], path: str | Path
) -> Path:
    """One panel a quantity, a line a run: validation where there is one, training faint below it.

    Args:
        histories: Of each run the values by epoch, the epochs themselves as `epoch`.
        path: Where the PNG goes.
    """
    names = _shown(histories)
    figure = new_figure(5 * len(names), 3.9)
    panels = figure.subplots(1, len(names), squeeze=False)[0]
    for axes, name in zip(panels, names, strict=True):
        tidy(axes)
        axes.set_title(name.replace("_", " "))
        axes.set_xlabel("epoch")
        axes.xaxis.get_major_locator().set_params(integer=True)
        for number, (run, history) in enumerate(histories.items()):
            look = {
                "color": COLOURS[number % len(COLOURS)],
                "linestyle": _STYLES[number // len(COLOURS) % len(_STYLES)],
            }
            epochs = history.get("epoch", range(1, len(history.get(name, ())) + 1))
            best = f"val_{name}" if f"val_{name}" in history else name
            if best in history:
                mark = "." if len(epochs) < 40 else None
                axes.plot(epochs, history[best], label=run, marker=mark, ms=4, **look)
            if best != name and name in history:
                axes.plot(epochs, history[name], alpha=0.35, linewidth=1, **look)
        _scale(axes)
    handles, labels = max((axes.get_legend_handles_labels() for axes in panels), key=_count)
    figure.legend(
        handles, labels, loc="outside upper center", ncols=min(len(labels), 4), frameon=False
    )
    return save(figure, path)


def _shown(histories: Mapping[str, Mapping[str, Sequence[float]]]) -> list[str]:
    """Quantities, those first that most runs have; losses before metrics."""
    names = dict.fromkeys(
        name.removeprefix("val_") for h in histories.values() for name in h if name != "epoch"
    )
    held = {
        name: sum(name in h or f"val_{name}" in h for h in histories.values()) for name in names
    }
    order = sorted(names, key=lambda n: (n.startswith(_LAST), -held[n], n != "loss"))
    metrics = [name for name in order if not name.startswith(_LAST)]
    return (metrics or order)[:_PANELS]


def _scale(axes: Any) -> None:
    """By the logarithm where a curve falls so far that its end would lie on the axis."""
    values = np.concatenate([np.asarray(line.get_ydata(), "float64") for line in axes.lines])
    values = values[np.isfinite(values)]
    if len(values) and values.min() > 0 and values.max() > _WIDE_RANGE * values.min():
        axes.set_yscale("log")


def _count(found: tuple[list, list]) -> int:
    return len(found[1])

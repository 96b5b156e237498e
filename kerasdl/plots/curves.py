"""Learning curves."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from kerasdl.plots.figure import COLOURS, new_figure, save, tidy


def learning_curves(history: Mapping[str, Sequence[float]], path: str | Path) -> Path:
    """One panel a quantity, training beside validation.

    Args:
        history: Values by epoch; the validation's begin with `val_`.
        path: Where the PNG goes.
    """
    names = [name for name in history if not name.startswith("val_") and f"val_{name}" in history]
    names = names or [name for name in history if not name.startswith("val_")]
    figure = new_figure(5 * len(names), 3.6)
    for index, name in enumerate(names):
        axes = tidy(figure.add_subplot(1, len(names), index + 1))
        for key, label, colour in (
            (name, "training", COLOURS[0]),
            (f"val_{name}", "validation", COLOURS[1]),
        ):
            if key in history:
                epochs = range(1, len(history[key]) + 1)
                axes.plot(epochs, history[key], label=label, color=colour, marker=".", ms=4)
        axes.set_title(name.replace("_", " "))
        axes.set_xlabel("epoch")
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.legend(frameon=False)
    return save(figure, path)

"""The one look that all pictures share."""

from pathlib import Path
from typing import Any

from kerasdl.errors import require

COLOURS = ("#1f6f8b", "#d1495b", "#edae49", "#66a182", "#6c4f8c", "#8d6a4f")


def new_figure(width: float, height: float) -> Any:
    """An empty figure of `width` by `height` inches."""
    require("matplotlib", "train", "drawing")
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def tidy(axes: Any) -> Any:
    """Removes the frame's upper and right side and draws a faint grid."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25, linewidth=0.6)
    axes.set_axisbelow(True)
    return axes


def save(figure: Any, path: str | Path) -> Path:
    """Writes a PNG."""
    path = Path(path)
    figure.savefig(path, dpi=120, format="png")
    return path

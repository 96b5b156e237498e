"""Lines over epochs, drawn as SVG in the colours of the page."""

import math
from collections.abc import Mapping, Sequence

from kerasdl.numbers import short
from kerasdl.training.report.markup import Markup, el

_WIDTH, _HEIGHT = 380, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 12, 10, 26
_WIDE_RANGE = 50  # beyond this ratio of largest to smallest a logarithmic scale shows more
_MOST = 300  # points of a line
_DOTS = 40


def line_chart(
    epochs: Sequence[float],
    lines: Mapping[str, Sequence[float]],
    title: str,
    may_be_log: bool = True,
) -> Markup:
    """One picture of one or more lines; what is not finite is a gap.

    Args:
        epochs: Where the points stand.
        lines: Values by the CSS class of the line.
        title: What is shown, for those who do not see it.
        may_be_log: Whether a wide range is drawn by its logarithm.
    """
    kept = range(0, len(epochs), -(-len(epochs) // _MOST)) if epochs else range(0)
    kept = sorted({*kept, len(epochs) - 1}) if epochs else []
    x = _Axis([epochs[i] for i in kept], _LEFT, _WIDTH - _RIGHT)
    finite = [v for values in lines.values() for v in values if math.isfinite(v)]
    y = _Axis(finite, _HEIGHT - _BOTTOM, _TOP, room=0.06, may_be_log=may_be_log)
    parts = [*_grid(x, y)]
    for name, values in lines.items():
        points = [(epochs[i], values[i]) for i in kept]
        parts.append(el("path", d=_path(points, x, y), class_=f"line {name}"))
        if len(kept) <= _DOTS:
            parts += [
                el("circle", cx=x.at(e), cy=y.at(v), r=2.2, class_=f"dot {name}")
                for e, v in points
                if math.isfinite(v)
            ]
    parts += _tips(kept, epochs, lines, x)
    return el(
        "svg",
        parts,
        viewBox=f"0 0 {_WIDTH} {_HEIGHT}",
        role="img",
        aria_label=title,
        class_="chart",
    )


class _Axis:
    """Where values stand, and which of them are written."""

    def __init__(
        self,
        values: Sequence[float],
        begin: float,
        end: float,
        room: float = 0.0,
        may_be_log: bool = False,
    ) -> None:
        low, high = (min(values), max(values)) if values else (0.0, 1.0)
        self.log = may_be_log and low > 0 and high / low > _WIDE_RANGE
        self._begin, self._end = begin, end
        low, high = self._scaled(low), self._scaled(high)
        if high - low < 1e-12 * max(abs(high), 1e-300):
            half = abs(high) / 2 or 0.5
            low, high = low - half, high + half
        margin = room * (high - low)
        self._low, self._high = low - margin, high + margin

    def _scaled(self, value: float) -> float:
        return math.log10(value) if self.log else value

    def at(self, value: float) -> float:
        """The place of a value."""
        share = (self._scaled(value) - self._low) / (self._high - self._low)
        return round(self._begin + share * (self._end - self._begin), 1)

    def ticks(self, count: int = 4, whole: bool = False) -> list[float]:
        """Round values within."""
        if self.log:
            first, last = math.ceil(self._low), math.floor(self._high)
            step = max(1, -(-(last - first) // count))
            return [10.0**power for power in range(first, last + 1, step)]
        rough = (self._high - self._low) / count
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(power * m for m in (1, 2, 5, 10) if power * m >= rough)
        step = max(1.0, step) if whole else step
        first = math.ceil(self._low / step - 1e-9)
        last = math.floor(self._high / step + 1e-9)
        if last - first < 2 and not whole and count < 8:
            return self.ticks(count + 2)
        return [index * step for index in range(first, last + 1)]


def _grid(x: _Axis, y: _Axis) -> list[Markup]:
    parts = []
    for value in y.ticks():
        place = y.at(value)
        parts.append(el("path", d=f"M{_LEFT} {place}H{_WIDTH - _RIGHT}", class_="grid"))
        text = _tick(value)
        parts.append(el("text", text, x=_LEFT - 7, y=place + 3.5, text_anchor="end"))
    for value in x.ticks(6, whole=True):
        if value == int(value):
            place = x.at(value)
            bottom = _HEIGHT - 8
            parts.append(el("text", f"{value:.0f}", x=place, y=bottom, text_anchor="middle"))
    parts.append(el("path", d=f"M{_LEFT} {_HEIGHT - _BOTTOM}H{_WIDTH - _RIGHT}", class_="axis"))
    return parts


def _tick(value: float) -> str:
    if value and (abs(value) < 1e-3 or abs(value) >= 1e6):
        return f"{value:.0e}".replace("e-0", "e-").replace("e+0", "e")
    return f"{value:,.6g}"


def _path(points: Sequence[tuple[float, float]], x: _Axis, y: _Axis) -> str:
    drawn, pen = "", "M"
    for epoch, value in points:
        if math.isfinite(value):
            drawn += f"{pen}{x.at(epoch)} {y.at(value)}"
            pen = "L"
        else:
            pen = "M"
    return drawn


def _tips(
    kept: Sequence[int], epochs: Sequence[float], lines: Mapping[str, Sequence[float]], x: _Axis
) -> list[Markup]:
    """What a pointer over an epoch is told."""
    width = (_WIDTH - _LEFT - _RIGHT) / max(len(kept), 1)
    tips = []
    for index in kept:
        said = ", ".join(f"{_NAMES.get(n, n)} {short(v[index])}" for n, v in lines.items())
        tips.append(
            el(
                "rect",
                el("title", f"epoch {epochs[index]:.0f}: {said}"),
                x=round(x.at(epochs[index]) - width / 2, 1),
                y=_TOP,
                width=round(width, 1),
                height=_HEIGHT - _TOP - _BOTTOM,
                class_="tip",
            )
        )
    return tips


_NAMES = {"train": "training", "val": "validation", "other": "value"}

"""Formulas in pages (`$…$`, `$$…$$`) as pictures in the page: no script, no font, no network."""

import functools
import html
import re
from typing import Any

_FORMULA = re.compile(
    r'<(?P<tag>span|div) class="arithmatex">\\[(\[](?P<tex>.*?)\\[)\]]</(?P=tag)>', re.DOTALL
)
_EM = 100  # matplotlib's units in an em
_ENLARGED = 1.1  # Times is small beside a sans serif
_COMMAND = re.compile(r"\\[A-Za-z]+")
# What matplotlib knows by another name than LaTeX's usual one.
_NAMES = {
    r"\ge": r"\geq",
    r"\le": r"\leq",
    r"\ne": r"\neq",
    r"\to": r"\rightarrow",
    r"\lVert": r"\|",
    r"\rVert": r"\|",
    r"\lvert": "|",
    r"\rvert": "|",
    r"\text": r"\mathrm",
}


def with_formulas(content: str) -> str:
    """The page with each formula drawn.

    Raises:
        ValueError: If a formula cannot be read.
    """
    return _FORMULA.sub(_drawn, content)


def _drawn(match: re.Match[str]) -> str:
    tex = " ".join(html.unescape(match["tex"]).split())
    if match["tag"] == "span":
        return _picture(tex)
    picture = _picture(tex.replace(r"\frac", r"\dfrac"))
    return f'<p class="formula">{picture}</p>'


@functools.cache
def _picture(tex: str) -> str:
    from matplotlib.font_manager import FontProperties
    from matplotlib.path import Path
    from matplotlib.textpath import TextToPath

    source = _COMMAND.sub(lambda command: _NAMES.get(command[0], command[0]), tex)
    # At a size of 100 points, points are matplotlib's units.
    font, draw = FontProperties(size=_EM, math_fontfamily="stix"), TextToPath()
    width, height, depth = draw.get_text_width_height_descent(f"${source}$", font, ismath=True)
    outline = Path(*draw.get_text_path(font, f"${source}$", ismath=True))
    em = _ENLARGED / _EM
    return (
        f'<svg class="formula" role="img" aria-label="{html.escape(tex)}" '
        f'viewBox="0 {depth - height:.0f} {width:.0f} {height:.0f}" '
        f'style="width:{width * em:.3f}em;height:{height * em:.3f}em;'
        f'vertical-align:{-depth * em:.3f}em"><path d="{_path_data(outline)}"/></svg>'
    )


def _path_data(outline: Any) -> str:
    """An outline in SVG's letters; heights grow upwards in matplotlib, downwards in SVG."""
    letters = {1: "M", 2: "L", 3: "Q", 4: "C", 79: "Z"}
    parts = []
    for numbers, code in outline.iter_segments(simplify=False):
        letter = letters[int(code)]
        signed = [n if place % 2 == 0 else -n for place, n in enumerate(numbers)]
        parts.append(letter + ("" if letter == "Z" else " ".join(f"{n:.0f}" for n in signed)))
    return "".join(parts)

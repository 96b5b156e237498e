"""Formulas in pages (`$…$`, `$$…$$`) as pictures inside the page: no script, no font, no network."""

import functools
import html
import re

_FORMULA = re.compile(
    r'<(?P<tag>span|div) class="arithmatex">\\[(\[](?P<tex>.*?)\\[)\]]</(?P=tag)>', re.DOTALL
)
_SIZE = 12  # points; the page scales by its own size of type
_SCALE = 1.1 / _SIZE  # em a point
# What matplotlib does not know by LaTeX's name.
_NAMES = {
    r"\lVert": r"\|",
    r"\rVert": r"\|",
    r"\lvert": "|",
    r"\rvert": "|",
    r"\text{": r"\mathrm{",
}


def with_formulas(content: str) -> str:
    """The page with each formula drawn.

    Raises:
        ValueError: If a formula cannot be read.
    """
    return _FORMULA.sub(_drawn, content)


def _drawn(match: re.Match[str]) -> str:
    tex = " ".join(html.unescape(match["tex"]).split())
    picture = _picture(tex)
    return picture if match["tag"] == "span" else f'<p class="formula">{picture}</p>'


@functools.cache
def _picture(tex: str) -> str:
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextToPath

    font = FontProperties(size=_SIZE, math_fontfamily="stix")
    source = tex
    for name, known in _NAMES.items():
        source = source.replace(name, known)
    draw = TextToPath()
    draw.FONT_SCALE = _SIZE  # coordinates in points
    width, height, depth = draw.get_text_width_height_descent(f"${source}$", font, ismath=True)
    points, codes = draw.get_text_path(font, f"${source}$", ismath=True)
    size = f"width:{width * _SCALE:.3f}em;height:{height * _SCALE:.3f}em"
    return (
        f'<svg class="formula" role="img" aria-label="{html.escape(tex)}" '
        f'viewBox="0 {depth - height:.3f} {width:.3f} {height:.3f}" '
        f'style="{size};vertical-align:{-depth * _SCALE:.3f}em">'
        f'<path d="{_outline(points, codes)}"/></svg>'
    )


def _outline(points: list, codes: list) -> str:
    """Path data; a point's second coordinate grows upwards in matplotlib, downwards here."""
    letters = {1: "M", 2: "L", 3: "Q", 4: "C"}
    parts, last = [], 0
    for (x, y), code in zip(points, codes, strict=True):
        if code == 79:
            parts.append("Z")
        else:
            # A curve's points follow one another under a single letter.
            letter = "" if code == last and code in (3, 4) and _open(parts, code) else letters[code]
            parts.append(f"{letter}{x:.2f} {-y:.2f} ")
        last = code
    return "".join(parts)


def _open(parts: list[str], code: int) -> bool:
    """Whether the curve begun last still lacks points."""
    wanted = code - 1
    count = 1
    for part in reversed(parts):
        if part[0].isalpha():
            break
        count += 1
    return count < wanted

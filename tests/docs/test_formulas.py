"""Formulas become pictures in the page."""

import re
import xml.etree.ElementTree as ElementTree

import pytest

pytest.importorskip("matplotlib")


def draw(docs_module, tex, tag="span", signs=("(", ")")):
    wrapped = f'<{tag} class="arithmatex">\\{signs[0]}{tex}\\{signs[1]}</{tag}>'
    return docs_module("formulas").with_formulas(f"a {wrapped} b")


def test_formula_is_a_picture_that_says_what_it_shows(docs_module):
    drawn = draw(docs_module, r"\alpha &lt; \lVert w \rVert")
    assert drawn.startswith("a <svg") and drawn.endswith("</svg> b")
    picture = ElementTree.fromstring(drawn[2:-2])
    assert picture.get("aria-label") == r"\alpha < \lVert w \rVert"


def test_outline_stays_inside_the_picture(docs_module):
    picture = ElementTree.fromstring(draw(docs_module, r"\frac{x^2}{y_i}")[2:-2])
    left, top, width, height = map(float, picture.get("viewBox").split())
    points = re.findall(r"(-?\d+) (-?\d+)", picture.find("path").get("d"))
    assert len(points) > 20
    for x, y in points:
        assert left - 3 <= int(x) <= left + width + 3
        assert top - 3 <= int(y) <= top + height + 3


def test_display_formula_is_a_paragraph_and_taller(docs_module):
    inline = draw(docs_module, r"\frac{a}{b}")
    display = draw(docs_module, r"\frac{a}{b}", "div", ("[", "]"))
    assert '<p class="formula">' in display and '<p class="formula">' not in inline

    def height(text):
        return float(re.search(r"height:([\d.]+)em", text)[1])

    assert height(display) > height(inline)


def test_formula_that_cannot_be_read_is_an_error(docs_module):
    with pytest.raises(ValueError, match="unknowable"):
        draw(docs_module, r"\unknowable{x}")

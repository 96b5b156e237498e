"""HTML in which nothing can be forgotten to be escaped."""

import html
from collections.abc import Iterable
from typing import Any

from kerasdl.numbers import short


class Markup(str):
    """Text that is HTML already; everything else is escaped when it goes into an element."""

    __slots__ = ()


Content = Any
"""`Markup`, text, a number, None (nothing), or several of these."""

_EMPTY = {"meta", "img", "br", "path", "line", "circle", "rect"}


def el(tag: str, *content: Content, **attributes: Any) -> Markup:
    """An element.

    Args:
        tag: Its name.
        *content: What stands inside.
        **attributes: Those that are None are left out; `_` at the end of a name is dropped, others
            become `-`.
    """
    shown = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{html.escape(str(value))}"'
        for name, value in attributes.items()
        if value is not None
    )
    if tag in _EMPTY and not content:
        return Markup(f"<{tag}{shown}/>")
    return Markup(f"<{tag}{shown}>{join(content)}</{tag}>")


def join(content: Content) -> Markup:
    """Several pieces, one after the other."""
    if content is None:
        return Markup("")
    if isinstance(content, Markup):
        return content
    if isinstance(content, str) or not isinstance(content, Iterable):
        return Markup(html.escape(str(content)))
    return Markup("".join(map(join, content)))


def table(
    rows: Iterable[Iterable[Content]], head: Iterable[Content] = (), **attributes: Any
) -> Markup:
    """A table that scrolls where it is too wide; numbers to the right."""
    head = list(head)
    top = el("thead", el("tr", [el("th", name, scope="col") for name in head])) if head else None
    body = el("tbody", [el("tr", map(_cell, row)) for row in rows])
    return el("div", el("table", top, body, **attributes), class_="wide")


def _cell(value: Content) -> Markup:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return el("td", words(value) if number else value, class_="number" if number else None)


def words(value: Any) -> str:
    """A value as a person writes it."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return short(value)
    if isinstance(value, list | tuple):
        return ", ".join(map(words, value)) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{key} {words(entry)}" for key, entry in value.items()) or "none"
    return str(value)


def duration(seconds: float) -> str:
    """`1 h 02 min`, `3 min 20 s`, `12.4 s`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min"

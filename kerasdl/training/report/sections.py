"""What every section of the page looks like."""

from typing import NamedTuple

from kerasdl.training.report.markup import Content, Markup, el, join


class Section(NamedTuple):
    """A part of the page under a heading.

    Args:
        anchor: Its place in the page.
        title: Its heading.
        body: What stands below; nothing leaves the section out.
    """

    anchor: str
    title: str
    body: Content

    def drawn(self) -> Markup:
        """As HTML."""
        return el("section", el("h2", self.title), join(self.body), id=self.anchor)


def folded(title: Content, body: Content) -> Markup:
    """What is shown on demand; printed always."""
    return el("details", el("summary", title), body)


def chip(text: Content, kind: str = "") -> Markup:
    """A word in a frame."""
    return el("span", text, class_=f"chip {kind}".strip())

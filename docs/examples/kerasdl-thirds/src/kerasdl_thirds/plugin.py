"""What kerasdl asks."""

from kerasdl.plugin import Component, hookimpl


@hookimpl
def kerasdl_components():
    """One tokenizer."""
    yield Component(
        kind="tokenizer",
        name="thirds",
        target="kerasdl_thirds.tokenizer:Thirds",
        summary="Pieces of so many characters",
    )

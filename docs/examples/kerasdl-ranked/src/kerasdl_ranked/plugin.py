"""What kerasdl asks."""

from kerasdl.plugin import Component, hookimpl


@hookimpl
def kerasdl_components():
    """A task that takes the data and architectures of another."""
    yield Component(
        kind="task",
        name="ranked-image-classification",
        target="kerasdl_ranked.task:Ranked",
        extends="image-classification",
        summary="Image classification that counts the best three",
    )

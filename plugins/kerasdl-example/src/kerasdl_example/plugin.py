"""What this plugin offers: one architecture."""

from kerasdl.plugin import Architecture, Field, hookimpl


@hookimpl
def kerasdl_architectures():
    """Yields the architectures."""
    yield Architecture(
        name="one-hidden-layer",
        summary="One hidden layer",
        tasks=("tabular-classification", "tabular-regression"),
        builder="kerasdl_example.model:build",
        config=(Field(name="width", type=int, default=16, minimum=1, help="Hidden units"),),
    )

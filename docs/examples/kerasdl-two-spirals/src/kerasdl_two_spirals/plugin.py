"""What kerasdl asks."""

from kerasdl.plugin import Dataset, hookimpl


@hookimpl
def kerasdl_datasets():
    """One data set."""
    yield Dataset(
        name="two-spirals",
        summary="194 points on two spirals that wind around each other three times, 192 between",
        tasks=("tabular-classification",),
        loader="kerasdl_two_spirals.data:two_spirals",
        source="Lang and Witbrock, 1988: Learning to tell two spirals apart; computed here",
    )

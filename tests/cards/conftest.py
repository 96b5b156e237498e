import pytest

PLUGIN = """
from kerasdl.plugin import Architecture, Card, Field, hookimpl


@hookimpl
def kerasdl_architectures():
    yield Architecture(
        name="many-one", summary="s", tasks=("tabular-classification",),
        builder="PACKAGE.model:build",
    )


@hookimpl
def kerasdl_cards():
    yield Card(name="iris-card", file="PACKAGE:cards/iris.toml", summary="Iris")
"""
CARD = """
metric = "accuracy"
device = "cpu"
minutes = 1

[published]
value = 0.5
source = "nowhere"
protocol = "none"

[run]
architecture = "many-one"
data = "iris"
epochs = 2
learning_rate = 0.05
"""


@pytest.fixture
def card(site):
    """A plugin with a card; the card's file can be written anew."""
    file = site.folder / "many_cards" / "cards" / "iris.toml"
    file.parent.mkdir(parents=True)
    file.write_text(CARD)
    site.add("many-cards", PLUGIN)
    return file

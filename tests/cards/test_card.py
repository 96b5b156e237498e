import pytest

from kerasdl.cards import list_cards, read_card
from kerasdl.errors import UserError


def test_every_part_of_the_file_is_read(card):
    found = read_card("iris-card")
    assert (found.metric, found.device, found.minutes, found.plugin) == (
        *("accuracy", "cpu", 1),
        "many-cards",
    )
    assert found.run["data"] == "iris" and found.summary == "Iris"
    assert found.published.value == found.goal == 0.5 and found.ours == ()
    assert "iris-card" in [entry.name for entry in list_cards()]


@pytest.mark.parametrize(
    ("lower", "value", "reached"),
    [(False, 0.5, True), (False, 0.49, False), (True, 0.5, True), (True, 0.51, False)],
)
def test_goal_is_a_floor_or_a_ceiling(card, lower, value, reached):
    text = card.read_text()
    card.write_text(f"lower_is_better = {str(lower).lower()}\n{text}")
    assert read_card("iris-card").reached(value) is reached


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("metric =", "metrik ="), "unknown entry 'metrik'. Did you mean 'metric'"),
        (('metric = "accuracy"', ""), "missing 1 required keyword-only argument: 'metric'"),
        (("value = 0.5", "vale = 0.5"), "unexpected keyword argument 'vale'"),
        (("[run]", "[run"), "is not TOML"),
    ],
)
def test_wrong_file_is_one_message(card, change, message):
    card.write_text(card.read_text().replace(*change))
    with pytest.raises(UserError, match="card 'iris-card'") as error:
        read_card("iris-card")
    assert message in str(error.value)


def test_unknown_card_has_close_matches(card):
    with pytest.raises(UserError, match="Did you mean 'iris-card'"):
        read_card("iris-crad")


def test_card_without_its_file_quarantines_the_plugin(site):
    from kerasdl.plugin import PluginWarning

    site.add(
        "many-cards",
        "from kerasdl.plugin import Card, hookimpl\n@hookimpl\ndef kerasdl_cards():\n"
        "    yield Card(name='a', file='PACKAGE:cards/absent.toml')\n",
    )
    with pytest.warns(PluginWarning, match="has no 'cards/absent.toml'"):
        assert "a" not in [entry.name for entry in list_cards()]

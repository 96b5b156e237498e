"""Every card of this repository says something that can be run."""

import pytest

from kerasdl.cards import list_cards
from kerasdl.models import model_info
from kerasdl.plugin import host
from kerasdl.schedules import parse_schedule
from kerasdl.schedules.known import known_schedules
from kerasdl.training.components import make_component, make_mixing
from kerasdl.training.config import make_config

pytestmark = pytest.mark.once

CARDS = {card.name: card for card in list_cards()}


def test_there_are_cards():
    assert {"digits-cnn", "fashion-mnist-mlp", "cifar10-resnet20"} <= set(CARDS)


@pytest.mark.parametrize("name", CARDS)
def test_card_is_a_run_that_can_be_made(name):
    card = CARDS[name]
    parts = {"pretrain": card.pretrain, "run": card.run}
    if card.baseline is not None:
        parts["baseline"] = {**card.run, **card.baseline}
    for values in filter(None, parts.values()):
        config = make_config(values)
        model_info(config.architecture).resolve(
            host().architecture(config.architecture).preset, config.fields
        )
        for text in config.augment:
            make_component("layer", text)
        for text in config.callbacks:
            make_component("callback", text)
        make_component("optimizer", config.optimizer)
        if config.regularizer:
            make_component("regularizer", config.regularizer)
        if config.mix:
            make_mixing(config.mix)
        if config.schedule not in ("cosine", "constant"):
            parse_schedule(config.schedule, known_schedules())
        assert config.patience is None  # ours is the last epoch's figure


@pytest.mark.parametrize("name", CARDS)
def test_schedule_fills_the_run(name):
    """In epochs or in steps: the parts' lengths add up to the run, or the last part goes on."""
    config = make_config(CARDS[name].run)
    if config.schedule in ("cosine", "constant"):
        return
    steps = parse_schedule(config.schedule, known_schedules()).resolve(1).steps
    if config.steps is None or "epochs(" in config.schedule:
        assert steps is None or steps == config.epochs
    else:
        assert steps == config.epochs * config.steps


@pytest.mark.parametrize("name", CARDS)
def test_measured_figure_says_how_it_came_about(name):
    for ours in CARDS[name].ours:
        assert ours.backend and ours.versions and ours.hardware and ours.date
        assert ours.seeds >= 1 and ours.value > 0
        assert ours.value <= 1 or CARDS[name].metric in ("loss", "perplexity", "bleu")

"""The kit passes every plugin of this repository."""

import pytest

from kerasdl.plugin import host
from kerasdl.testing.plugin_checks import check_plugin

NAMES = "autoencoder cnn example mlp recurrent resnet seq2seq transformer".split()


@pytest.mark.long
@pytest.mark.parametrize("name", NAMES)
def test_no_check_fails(name):
    failed = [row for row in check_plugin(name) if row.outcome == "failed"]
    assert not failed


@pytest.mark.once
def test_none_is_forgotten():
    own = {state.name for state in host().states if state.distribution == f"kerasdl-{state.name}"}
    assert own == set(NAMES)

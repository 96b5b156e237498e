"""Which value goes to which variable, where names alone could mislead."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from kerasdl.errors import UserError
from kerasdl.weights import _copy

pytestmark = pytest.mark.once


class Slot(SimpleNamespace):
    """A variable that notes what it is given."""

    def assign(self, value):
        self.given = value


def network(*paths):
    slots = [Slot(path=path, shape=(1,), given=None) for path in paths]
    layer = SimpleNamespace(name="head", weights=slots)
    return SimpleNamespace(weights=slots, layers=[layer])


def test_a_name_that_two_variables_have_decides_nothing():
    model = network("a/kernel", "a/kernel")
    _copy(model, [("a/kernel", np.array([1.0])), ("a/kernel", np.array([2.0]))], Path("source"))
    assert [slot.given.item() for slot in model.weights] == [1.0, 2.0]


def test_names_go_before_places():
    model = network("a/kernel", "b/kernel")
    _copy(model, [("b/kernel", np.array([2.0])), ("a/kernel", np.array([1.0]))], Path("source"))
    assert [slot.given.item() for slot in model.weights] == [1.0, 2.0]


def test_other_names_in_another_number_are_refused():
    with pytest.raises(UserError, match="holds 1 variables, the model has 2"):
        _copy(network("a/kernel", "b/kernel"), [("c/kernel", np.array([1.0]))], Path("source"))

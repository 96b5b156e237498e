import keras
import pytest

from kerasdl.errors import UserError
from kerasdl.schedules import NAMED, Cosine, Epochs, Hold, OneCycle, Warmup, parse_schedule

GOOD = {
    "warmup(100) >> cosine(1000, 0.1)": Warmup(100) >> Cosine(1000, 0.1),
    "0.001 * (warmup(100) >> hold(5) >> cosine(1000, end=0.1))": (
        0.001 * (Warmup(100) >> Hold(5) >> Cosine(1000, 0.1))
    ),
    "Warmup(Epochs(1)) * 2": 2 * Warmup(Epochs(1)),
    " OneCycle(10, rise=.5, start=1e-3) ": OneCycle(10, 0.5, 0.001),
    "hold()": Hold(),
}


@pytest.mark.parametrize("text", GOOD)
def test_text_makes_the_schedule_that_python_makes(text):
    assert parse_schedule(text, NAMED).get_config() == GOOD[text].get_config()


def test_other_classes_take_part_where_they_are_known():
    known = NAMED | {"PiecewiseConstantDecay": keras.optimizers.schedules.PiecewiseConstantDecay}
    schedule = parse_schedule("warmup(5) >> piecewise_constant_decay([3, 6], (1.0, .5, .1))", known)
    assert schedule.parts[1].values == [1.0, 0.5, 0.1]


BAD = {
    "cosin(10)": "there is no schedule 'cosin'. Did you mean 'cosine'",
    "cosine(10": "'(' was never closed",
    "cosine(ten)": "`ten` has no meaning",
    "cosine(-10)": "Received: length=-10",
    "cosine()": "missing 1 required positional argument: 'length'",
    "cosine(10, last=1)": "unexpected keyword argument 'last'",
    "cosine(**{})": "must give each argument by itself",
    "cosine(10) + hold()": "allowed are `first >> second` and `number * schedule`",
    "cosine(10) * cosine(10)": "allowed are `first >> second` and `number * schedule`",
    "hold() >> cosine(10)": "`parts` must end",
    "1 >> 2": "allowed are",
    "cosine(10) >> 1": "allowed are",
    "0.1": "is not a schedule, but 0.1",
    "-hold()": "must be a number",
    "": "is not a schedule",
    "__import__('os').system('true')": "there is no schedule",
    "hold.__class__": "has no meaning",
    "hold().mro()": "there is no schedule",
    "[hold() for _ in (1,)]": "has no meaning",
    "(" * 1500: "is not a schedule",
    "-" * 1999 + "1": "is not a schedule",
    "1" * 2001: "at most 2000 characters",
    "hold(\0)": "is not a schedule",
}


@pytest.mark.parametrize("text", BAD)
def test_what_is_not_a_schedule_is_refused_with_the_reason(text):
    with pytest.raises(UserError) as caught:
        parse_schedule(text, NAMED)
    assert BAD[text] in str(caught.value)

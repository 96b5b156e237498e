import pytest

from kerasdl.errors import UserError
from kerasdl.testing import checks


class Case:
    def describe(self):
        return "Thing(3)"


def sound(case):
    """It is sound.

    Reproduce: make()
    """


def broken(case):
    """It is never
    broken.

    Why so.

    Reproduce: thing = make(); thing.turn(
    "left")
    """
    checks.demand(1 > 2, "1 is not larger")


def raising(case):
    """It does not raise."""
    raise KeyError("door")


ALL = checks.collect(sound, broken, raising)


def test_collect_reads_rule_and_code():
    assert [check.name for check in ALL] == ["sound", "broken", "raising"]
    assert ALL[0].rule == "It is sound."
    assert ALL[1].reproduce == 'thing = make(); thing.turn( "left")'
    assert ALL[2].reproduce == ""


def test_check_when_it_fails_says_what_where_and_how():
    with pytest.raises(AssertionError) as caught:
        ALL[1]("check_thing", Case())
    lines = str(caught.value).splitlines()
    assert lines[0] == "check_thing: check `broken` failed for Thing(3)"
    assert "  found: 1 is not larger" in lines
    assert '  reproduce: thing = make(); thing.turn( "left")' in lines
    assert lines[-1] == '  this check alone: check_thing(..., only=["broken"])'


def test_check_when_the_component_raises():
    with pytest.raises(AssertionError, match="found: KeyError: 'door'") as caught:
        ALL[2]("check_thing", Case())
    assert isinstance(caught.value.__cause__, KeyError)


def test_run_stops_at_the_first_failure():
    with pytest.raises(AssertionError, match="`broken`"):
        checks.run("check_thing", ALL, Case())


def test_selected_when_skipped_and_chosen():
    assert [check.name for check in checks.selected(ALL, skip={"broken": "known"})] == [
        "sound",
        "raising",
    ]
    assert [check.name for check in checks.selected(ALL, only=["raising"])] == ["raising"]
    assert checks.selected(ALL, only=[]) == []


@pytest.mark.parametrize("argument", ["skip", "only"])
def test_selected_when_a_name_is_wrong(argument):
    with pytest.raises(
        UserError, match=f"`{argument}` must hold names of checks. Received: 'soundd'"
    ):
        checks.selected(ALL, **{argument: ["soundd"]})
    with pytest.raises(UserError, match=f"`{argument}` must be a list of names"):
        checks.selected(ALL, **{argument: "sound"})


def test_demand_when_kept_and_broken():
    checks.demand([0], "a list with an entry holds")
    with pytest.raises(AssertionError, match="empty"):
        checks.demand([], "empty")

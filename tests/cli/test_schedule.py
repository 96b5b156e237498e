import json

import pytest
import typer
from PIL import Image

from kerasdl.cli.schedule import schedule
from kerasdl.errors import UserError


@pytest.fixture
def draw(capsys):
    """Runs the command; returns what it printed."""

    def run(*arguments):
        app = typer.Typer()
        app.command()(schedule)
        app(args=list(arguments), standalone_mode=False)
        return capsys.readouterr().out

    return run


def test_a_schedule_is_drawn_as_a_table(draw):
    lines = draw("0.1 * (warmup(10) >> linear(30))", "--rows", "4").splitlines()
    assert lines[0] == "0.1 * (Warmup(10) >> Linear(30))"
    assert lines[1].split() == ["step", "rate"]
    rows = [line.split() for line in lines[2:]]
    assert [row[:2] for row in rows] == [
        ["0", "0"],
        ["10", "0.1"],
        ["20", "0.0667"],
        ["30", "0.0333"],
        ["40", "0"],
    ]
    assert [len(row[2]) if len(row) > 2 else 0 for row in rows] == [0, 30, 20, 10, 0]


def test_numbers_are_printed_for_programs(draw):
    printed = json.loads(draw("step(epochs(2), 0.5)", "--steps-per-epoch", "5", "--steps", "20",
                              "--rows", "2", "--json"))  # fmt: skip
    assert printed == [
        {"step": 0, "rate": 1.0},
        {"step": 10, "rate": 0.5},
        {"step": 20, "rate": 0.25},
    ]


def test_schedules_of_keras_are_known_too(draw):
    assert "0.05" in draw("exponential_decay(0.1, 10, 0.5)", "--steps", "10", "--rows", "1")


def test_a_picture_is_written_on_demand(draw, tmp_path):
    file = tmp_path / "schedule.png"
    assert draw("warmup(10) >> cosine(90)", "--png", str(file)) == f"wrote {file}\n"
    with Image.open(file) as picture:
        assert picture.format == "PNG"


def test_lengths_in_epochs_need_the_steps_of_an_epoch(draw):
    with pytest.raises(UserError, match="`--steps-per-epoch` must be given"):
        draw("cosine(epochs(3))")
    with pytest.raises(UserError, match="there is no schedule 'cosin'"):
        draw("cosin(3)")

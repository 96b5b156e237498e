import re
import sys
import types

import keras
import numpy as np
import pytest

from kerasdl.training.clock import Clock
from kerasdl.training.displays import NotebookBar
from kerasdl.training.pace import Pace, clock, per_second
from kerasdl.training.progress import Progress, _figures


class Notebook(types.ModuleType):
    """What IPython's `display` is asked to show, in order."""

    def __init__(self):
        super().__init__("IPython.display")
        self.HTML, self.shown = str, []

    def display(self, content, display_id):
        assert display_id is True
        self.shown.append(content)
        return self

    def update(self, content):
        self.shown.append(content)


@pytest.fixture
def notebook(monkeypatch):
    found = Notebook()
    monkeypatch.setitem(sys.modules, "IPython", types.ModuleType("IPython"))
    monkeypatch.setitem(sys.modules, "IPython.display", found)
    return found


def fitted(progress, epochs):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    x = np.ones((12, 2), "float32")
    model.fit(x, x[:, :1], batch_size=4, epochs=epochs, verbose=0, callbacks=[progress])


def test_bar_of_a_notebook_moves_and_goes_away(notebook, capsys, monkeypatch):
    monkeypatch.setattr("kerasdl.training.progress._REFRESH", 0.0)
    progress = Progress(2, 3)
    progress._live = NotebookBar(6)
    fitted(progress, 2)
    values = [int(v) for html in notebook.shown for v in re.findall(r'value="(\d+)"', html)]
    assert values[0] == 0 and values[-1] == 6 and values == sorted(values)
    assert any("epoch 1/2" in html and "loss" in html for html in notebook.shown)
    assert any("left" in html and "step 2/3" in html for html in notebook.shown)
    assert notebook.shown[-1] == ""
    assert [line[:9] for line in capsys.readouterr().out.splitlines()] == ["epoch 1/2", "epoch 2/2"]


def test_lines_off_a_terminal_hold_no_control_codes(capsys):
    fitted(Progress(3, 3), 3)
    out = capsys.readouterr().out
    first, *lines = out.splitlines()
    assert first == "3 epochs of 3 steps"
    assert len(lines) == 3 and "\x1b" not in out and "\r" not in out
    assert re.fullmatch(r"epoch 2/3  loss \d\.\d{4}  \d+\.\d s  \S+ steps?/s  0:00 left", lines[1])
    assert re.fullmatch(r"epoch 3/3  loss \d\.\d{4}  \d+\.\d s  \S+ steps?/s", lines[2])


class Time:
    """A clock that is moved by hand."""

    def __init__(self, monkeypatch):
        self.now = 100.0
        for module in ("pace", "progress"):
            monkeypatch.setattr(f"kerasdl.training.{module}.time.perf_counter", lambda: self.now)


def steps_of(progress, clock, epoch, count, first=2.0, each=2.0, validation=0.0, logs=None):
    progress.on_epoch_begin(epoch)
    for batch in range(count):
        progress.on_train_batch_begin(batch)
        clock.now += first if batch == 0 else each
        progress.on_train_batch_end(batch, logs)
    if validation:
        progress.on_test_begin()
        clock.now += validation
    progress.on_epoch_end(epoch, logs)


def test_time_left_leaves_compilation_out_and_counts_validation(monkeypatch, capsys):
    """By hand: after the first step, 9 steps of 2 s and a validation of 9 s are 27 s: 3 s a step."""
    clock = Time(monkeypatch)
    progress = Progress(4, 10)
    progress.on_train_begin()
    logs = {"val_loss": 2.0, "accuracy": 0.5, "loss": 1500.0, "gradient_norm": 1.0}
    steps_of(progress, clock, 0, 10, first=60.0, validation=9.0, logs=logs)
    line = capsys.readouterr().out.splitlines()[-1]
    assert line == (
        "epoch 1/4  loss 1,500  accuracy 0.5000  val_loss 2.0000  87.0 s (first step 60.0 s)  "
        "0.5 steps/s  at most 1:30 left"
    )


def test_a_run_that_goes_on_knows_how_far_it_is(monkeypatch, capsys):
    """At epoch 3 of 4, from step 4 of its 10: after 6 steps of 2 s each, 10 steps are left."""
    clock = Time(monkeypatch)
    progress = Progress(4, 10)
    progress.on_train_begin()
    progress.on_epoch_begin(2)
    progress.restore({"epoch": 2, "batch": 4})
    for batch in range(6):
        progress.on_train_batch_begin(batch)
        clock.now += 2.0
        progress.on_train_batch_end(batch)
    assert progress.state() == {"epoch": 2, "batch": 10}
    progress.on_epoch_end(2)
    assert (
        capsys.readouterr().out.splitlines()[-1]
        == "epoch 3/4  12.0 s (first step 2.0 s)  at most 0:20 left"
    )


def test_a_long_epoch_says_something_where_there_is_no_bar(monkeypatch, capsys):
    clock = Time(monkeypatch)
    progress = Progress(1, 1000)
    progress.on_train_begin()
    steps_of(progress, clock, 0, 100, logs={"loss": 0.25})
    lines = capsys.readouterr().out.splitlines()[1:-1]
    assert lines[0] == "epoch 1/1  step 15/1,000  loss 0.2500  0.5 steps/s  32:50 left"
    assert len(lines) == 6  # one in 30 s


def test_first_step_is_timed_from_its_own_beginning(monkeypatch):
    """On JAX the second step begins before the first one's end is heard of."""
    now = [5.0]
    monkeypatch.setattr("kerasdl.training.clock.time.perf_counter", lambda: now[0])
    found = Clock()
    found.on_train_batch_begin(0)
    now[0] = 14.0
    found.on_train_batch_begin(1)
    found.on_train_batch_end(0)
    assert found.first_step == 9.0


def test_a_slow_beginning_is_forgotten(monkeypatch):
    """After 100 s for 10 steps, 100 steps of 1 s: the second half of the time went at 1 step/s."""
    clock = Time(monkeypatch)
    pace = Pace(200)
    pace.reached(0)
    clock.now += 100.0
    pace.reached(10)
    for done in range(11, 111):
        clock.now += 1.0
        pace.reached(done)
    assert pace.left(110) == pytest.approx(90.0)
    lonely = Pace(20)
    lonely.reached(0)
    clock.now += 500.0
    lonely.reached(10)
    assert lonely.left(10) == pytest.approx(500.0)


def test_rates_and_times_are_readable():
    assert [per_second(rate) for rate in (0.1, 1.25, 312.4, 12345)] == [
        "10.0 s/step",
        "1.25 steps/s",
        "312 steps/s",
        "12,345 steps/s",
    ]
    assert [clock(seconds) for seconds in (7, 750, 10805)] == ["0:07", "12:30", "3:00:05"]


def test_figures_of_any_size_are_readable():
    logs = {"val_loss": 71e18, "loss": 0.25, "mae": 2e-5, "rmse": 4321.4, "f1": 0.0}
    assert _figures(logs) == [
        "loss 0.2500",
        "mae 2e-05",
        "rmse 4,321",
        "f1 0.0000",
        "val_loss 7.1e+19",
    ]

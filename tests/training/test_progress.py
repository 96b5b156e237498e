import re
import sys
import types

import keras
import numpy as np
import pytest

from kerasdl.training.progress import Progress, _NotebookBar


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


def test_bar_of_a_notebook_moves_and_goes_away(notebook, capsys):
    progress = Progress(2, 3)
    progress._live = _NotebookBar(6)
    fitted(progress, 2)
    values = [int(v) for html in notebook.shown for v in re.findall(r'value="(\d+)"', html)]
    assert values[0] == 0 and values[-1] == 6 and values == sorted(values)
    assert any("epoch 1/2" in html and "loss" in html for html in notebook.shown)
    assert any("left" in html for html in notebook.shown)
    assert notebook.shown[-1] == ""
    assert [line[:9] for line in capsys.readouterr().out.splitlines()] == ["epoch 1/2", "epoch 2/2"]


def test_lines_off_a_terminal_hold_no_control_codes(capsys):
    fitted(Progress(3, 3), 3)
    out = capsys.readouterr().out
    assert len(out.splitlines()) == 3 and "\x1b" not in out and "\r" not in out
    assert re.fullmatch(r"epoch 3/3  loss \d+\.\d{4}  \d+\.\d s, 0:00 left", out.splitlines()[-1])

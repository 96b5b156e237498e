"""A plugin's callbacks join every run; one that raises is left out, and the training goes on."""

import csv

import pytest

from kerasdl.plugin import PluginWarning, host
from kerasdl.training import RunConfig, train

pytestmark = pytest.mark.first

PLUGIN = """
from kerasdl.plugin import hookimpl


@hookimpl
def kerasdl_callbacks(run):
    from PACKAGE.model import Joining

    yield Joining(run.folder)
"""
MODEL = """
import keras


class Joining(keras.callbacks.Callback):
    def __init__(self, folder):
        super().__init__()
        self.folder = folder

    def on_epoch_end(self, epoch, logs=None):
        with open(self.folder / "joined.txt", "a") as file:
            print(epoch, round(logs["loss"], 6), file=file)
        AFTER
"""


def fitted(site, folder, name, after="pass", plugin=PLUGIN):
    site.sound("sound-net")
    site.add(name, plugin, MODEL.replace("AFTER", after))
    config = RunConfig(architecture="sound-net", data="digits", epochs=3, batch_size=256)
    return train(config, folder / "run").folder


def epochs(folder):
    with open(folder / "metrics.csv") as file:
        return list(csv.DictReader(file))


def test_a_callback_of_a_plugin_sees_every_epoch(site, tmp_path):
    folder = fitted(site, tmp_path, "other-sound")
    seen = [line.split() for line in (folder / "joined.txt").read_text().splitlines()]
    assert [int(epoch) for epoch, _ in seen] == [0, 1, 2]
    assert [float(loss) for _, loss in seen] == pytest.approx(
        [float(row["loss"]) for row in epochs(folder)], abs=1e-5
    )


def test_one_that_raises_is_left_out_and_the_training_goes_on(site, tmp_path):
    with pytest.warns(PluginWarning, match=r"bad-joins.*RuntimeError: enough"):
        folder = fitted(site, tmp_path, "bad-joins", "raise RuntimeError('enough')")
    assert len((folder / "joined.txt").read_text().splitlines()) == 1
    assert len(epochs(folder)) == 3
    (state,) = [state for state in host().states if state.name == "bad-joins"]
    assert state.state == "quarantined"


def test_what_is_no_callback_is_said(site, tmp_path):
    plugin = PLUGIN.replace("yield Joining(run.folder)", "yield 3")
    with pytest.warns(PluginWarning, match="must yield Keras callbacks. Received: int"):
        folder = fitted(site, tmp_path, "bad-number", plugin=plugin)
    assert len(epochs(folder)) == 3

"""`check_plugin` and `kerasdl plugins check`: what they say of each kind of record."""

import json

import pytest

from kerasdl.backend.choice import BACKENDS, is_installed
from kerasdl.cli import main
from kerasdl.errors import UserError
from kerasdl.testing.checks import DoesNotApply
from kerasdl.testing.plugin_checks import check_plugin
from kerasdl.testing.plugin_checks.result import result

pytestmark = pytest.mark.once

PLUGIN = """
from kerasdl.plugin import Command, Component, Dataset, hookimpl


@hookimpl
def kerasdl_components():
    yield Component(kind="loss", name="bad-mae", target="PACKAGE.model:MAE", summary="Absolute")
    yield Component(kind="loss", name="bad-nan", target="PACKAGE.model:NaN", summary="NaN")
    yield Component(kind="layer", name="bad-sized", target="PACKAGE.model:Sized", summary="Sized")
    yield Component(kind="metric", name="bad-metric", target="PACKAGE.model:Sized")


@hookimpl
def kerasdl_datasets():
    yield Dataset(name="bad-rows", summary="s", tasks=("tabular-regression",), loader="PACKAGE.model:rows")
    yield Dataset(name="bad-draws", summary="s", tasks=("forecasting",), loader="PACKAGE.model:draws")


@hookimpl
def kerasdl_commands():
    yield Command(name="bad-hello", target="PACKAGE.model:hello", summary="Greets")
    yield Command(name="bad-number", target="PACKAGE.model:number", summary="No function")
"""
MODEL = '''
import keras
import numpy as np

from kerasdl.data import Data, Inputs, Samples

number = 3


@keras.saving.register_keras_serializable(package="PACKAGE")
class MAE(keras.losses.Loss):
    """Mean absolute error."""

    def call(self, y_true, y_pred):
        return keras.ops.mean(keras.ops.abs(y_true - y_pred), axis=-1)


@keras.saving.register_keras_serializable(package="PACKAGE")
class NaN(keras.losses.Loss):
    """Not a number."""

    def call(self, y_true, y_pred):
        return keras.ops.mean(keras.ops.log(-keras.ops.abs(y_pred)), axis=-1)


class Sized(keras.layers.Layer):
    def __init__(self, size, **kwargs):
        super().__init__(**kwargs)


def hello(name: str) -> None:
    """Greets."""


def rows():
    return table(np.arange(12.0))


def draws():
    return table(np.random.default_rng().normal(size=12))


def table(x):
    samples = Samples(x.reshape(6, 2).astype("float32"), np.arange(6.0)[:, None])
    inputs = Inputs(kind="arrays", shape=(2,), dtype="float32")
    return Data(name="rows", task="tabular-regression", train=samples, inputs=inputs, outputs=1)
'''


@pytest.fixture
def checked(site):
    site.add("bad-mixed", PLUGIN, MODEL.replace("PACKAGE", "bad_mixed"))
    return site


def test_each_kind_of_record_is_checked(checked):
    rows = {(row.record, row.check): row for row in check_plugin("bad-mixed")}
    outcomes = {key: row.outcome for key, row in rows.items()}
    expected = {
        ("bad-mixed", "loads"): "passed",
        ("loss bad-mae", "keeps_the_rules_of_a_loss"): "passed",
        ("layer bad-sized", "says_what_it_is"): "failed",
        ("layer bad-sized", "keeps_the_rules_of_a_layer"): "skipped",
        ("metric bad-metric", "keeps_the_rules_of_a_metric"): "skipped",
        ("data set bad-rows", "samples_are_sound"): "passed",
        ("data set bad-rows", "loads_the_same"): "passed",
        ("data set bad-draws", "task_is_named"): "failed",
        ("data set bad-draws", "loads_the_same"): "failed",
        ("command bad-hello", "help_works"): "passed",
        ("command bad-number", "imports"): "failed",
    }
    assert {key: outcomes.get(key) for key in expected} == expected
    (nan,) = [r for (record, _), r in rows.items() if record == "loss bad-nan" and r.found]
    assert nan.outcome == "failed" and nan.reproduce
    assert rows["layer bad-sized", "keeps_the_rules_of_a_layer"].found.startswith("it needs size")
    assert "a second loading gives other x" in rows["data set bad-draws", "loads_the_same"].found


@pytest.mark.long
def test_the_command_says_the_same_and_fails(checked):
    done = checked.run("plugins", "check", "bad-mixed", "--json")
    assert done.returncode == 1, done.stderr
    rows = json.loads(done.stdout)
    assert {row["outcome"] for row in rows} == {"passed", "failed", "skipped"}
    assert rows[0]["check"] == "loads" and rows[0]["backend"]


@pytest.mark.long
def test_all_backends_are_tried_each_in_a_process(site):
    site.sound("sound-one")
    done = site.run(
        "plugins", "check", "sound-one", "--backend", "all", "--only", "builds", "--json"
    )
    assert done.returncode == 0, done.stderr
    found = [(row["backend"], row["check"], row["outcome"]) for row in json.loads(done.stdout)]
    installed = [name for name in BACKENDS if is_installed(name)]
    assert found == [
        (backend, check, "passed")
        for backend in installed
        for check in ("loads", "builds", "builds")
    ]
    done = site.run("plugins", "check", "sound-on", "--backend", "all")
    assert done.returncode == 2 and done.stderr.startswith("error: no plugin 'sound-on' is")


TOKENIZERS_AND_TASKS = """
from kerasdl.plugin import Component, hookimpl


@hookimpl
def kerasdl_components():
    for kind, name, more in (
        ("tokenizer", "Sound", {}),
        ("tokenizer", "Forgetful", {}),
        ("tokenizer", "Swelling", {}),
        ("task", "fine", {"extends": "image-classification"}),
        ("task", "astray", {"extends": "image-clasification"}),
        ("task", "sound", {}),
    ):
        target = f"bad_kinds.model:{name.capitalize()}"
        yield Component(kind=kind, name=name, target=target, summary="s", **more)
"""
OF_THEM = '''
from kerasdl.data import PieceTokenizer
from kerasdl.tasks import Classification


class Sound(PieceTokenizer):
    """Characters, or more of them."""

    def __init__(self, size=1):
        self.size = size

    def cut(self, text):
        return [text[i : i + self.size] for i in range(0, len(text), self.size)]

    def get_config(self):
        return {"size": self.size}


class Forgetful(Sound):
    """Its size is not kept."""

    def __init__(self, size=2):
        super().__init__(size)

    def get_config(self):
        return {"size": 1}


class Swelling(Sound):
    """Longer with each time."""

    def join(self, pieces):
        return "".join(pieces) + "a"


class Fine(Classification):
    """As another."""


class Astray(Classification):
    """Extends nothing that is there."""
'''


def test_tokenizers_and_tasks_are_checked(site):
    site.add("bad-kinds", TOKENIZERS_AND_TASKS, OF_THEM)
    rules = [row for row in check_plugin("bad-kinds") if row.check.startswith("keeps_the_rules")]
    assert {row.record: row.outcome for row in rules} == {
        "tokenizer Sound": "passed",
        "tokenizer Forgetful": "failed",
        "tokenizer Swelling": "failed",
        "task fine": "passed",
        "task astray": "failed",
        "task sound": "failed",
    }
    found = {row.record: row.found for row in rules}
    assert "it cuts otherwise" in found["tokenizer Forgetful"]
    assert "comes back as" in found["tokenizer Swelling"]
    assert "`extends` names no task: 'image-clasification'" in found["task astray"]
    assert "it is no kerasdl.tasks.Task" in found["task sound"]


def test_one_check_can_be_asked_for(site):
    site.sound("sound-one")
    rows = list(check_plugin("sound-one", only=["builds"]))
    assert [(row.record, row.check) for row in rows] == [
        ("sound-one", "loads"),
        ("sound-one", "builds"),
        ("sound-one (tabular-classification)", "builds"),
    ]
    with pytest.raises(UserError, match="Did you mean 'builds'"):
        list(check_plugin("sound-one", only=["build"]))


def test_a_plugin_that_is_not_there_is_an_error(site, capfd):
    site.sound("sound-one")
    with pytest.raises(UserError, match=r"no plugin 'sound-on' is installed.*sound-one"):
        list(check_plugin("sound-on"))
    with pytest.raises(SystemExit) as end:
        main(["plugins", "check", "nothing"])
    assert end.value.code == 2 and "no plugin 'nothing'" in capfd.readouterr().err


def test_a_plugin_that_does_not_load_is_a_failure(site):
    site.add("bad-loads", "raise RuntimeError('no luck')")
    with pytest.warns(match="no luck"):
        (row,) = check_plugin("bad-loads")
    assert row.outcome == "failed" and "quarantined: RuntimeError: no luck" in row.found


def fail():
    raise AssertionError("why")


def skip():
    raise DoesNotApply("no text")


@pytest.mark.parametrize(
    "function, known, outcome, found",
    [
        (lambda: None, "", "passed", ""),
        (fail, "", "failed", "why"),
        (lambda: 1 / 0, "", "failed", "ZeroDivisionError: division by zero"),
        (skip, "", "skipped", "no text"),
        (fail, "by design", "skipped", "known: by design"),
        (lambda: None, "by design", "failed", "passes, though the record knows it to fail"),
    ],
)
def test_outcome_of_a_check(function, known, outcome, found):
    row = result("arch", "rule", function, known)
    assert (row.record, row.check, row.outcome) == ("arch", "rule", outcome)
    assert row.found.startswith(found) and bool(row.found) == bool(found)

"""The examples in docstrings run; where they state a result, it comes out."""

import doctest
import functools
import importlib
import re
from pathlib import Path

import keras
import numpy as np
import pytest

import kerasdl

ROOT = Path(__file__).parents[2]
FILES = sorted([*ROOT.glob("kerasdl/**/*.py"), *ROOT.glob("plugins/*/src/**/*.py")])
# More than half a second each: eager operations of many shapes, which JAX compiles one by one.
SLOW = {
    "kerasdl.compress.remove_dead_units",
    "kerasdl_recurrent.recurrent_decoder",
    "kerasdl_seq2seq.captioner_decoder",
    "kerasdl_seq2seq.seq2seq_decoder",
    *(
        f"kerasdl.layers.{name}"
        for name in (
            "additive_attention attention_decoder attention_decoder_cell basic_block "
            "bottleneck_block chunked_cross_entropy dense_block gru hard_image_attention lstm "
            "multi_head_attention multi_head_cross_attention pre_activation_block "
            "pre_activation_bottleneck_block resnext_block soft_image_attention "
            "transformer_decoder_block transformer_encoder_block weight_drop"
        ).split()
    ),
}


def modules():
    """Modules with examples; those that train, or run the conformance kit, are long too."""
    for file in FILES:
        text = file.read_text("utf-8")
        if ">>> " in text:
            path = file.relative_to(ROOT).with_suffix("")
            name = re.sub(r"^plugins\.[^.]+\.src\.", "", ".".join(path.parts))
            trains = re.search(r">>> .*(\.fit\(|\bcheck_\w+\()", text)
            yield pytest.param(name, marks=pytest.mark.long if trains or name in SLOW else ())


MODULES = list(modules())
pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "jax", reason="examples show shapes as JAX prints them"
)


class Checker(doctest.OutputChecker):
    """An example that states no result may have any."""

    def check_output(self, want, got, optionflags):
        got = got.replace("Array(", "array(")  # what JAX calls it
        return not want or super().check_output(want, got, optionflags)


@functools.cache
def public():
    """Every public component by its name."""
    names = {}
    for room in ("callbacks", "layers", "losses", "optimizers", "regularizers", "schedules"):
        found = vars(importlib.import_module(f"kerasdl.{room}"))
        names |= {name: value for name, value in found.items() if not name.startswith("_")}
    return names


def surroundings(text):
    """What an example may take for granted: imports, and a small compiled model with its data."""
    names = {**public(), "keras": keras, "np": np, "kerasdl": kerasdl}
    if re.search(r"\bmodel\b", text):
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
        model.compile("sgd", "mse")
        x, y = np.ones((20, 3), "float32"), np.ones((20, 1), "float32")
        names |= {"model": model, "x": x, "y": y, "x_train": x, "y_train": y}
    return names


def test_modules_with_examples_are_found():
    assert len(MODULES) > 30


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    module = importlib.import_module(name)
    runner = doctest.DocTestRunner(Checker(), optionflags=doctest.ELLIPSIS)
    ran = 0
    for test in doctest.DocTestFinder(exclude_empty=True).find(module, name):
        if test.examples:
            test.globs.update(surroundings(test.docstring) | vars(module))
            runner.run(test)
            ran += len(test.examples)
    assert ran
    assert not runner.failures, capsys.readouterr().out

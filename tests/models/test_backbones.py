"""An architecture built on another plugin's: it works, it says where it comes from, it asks first."""

import json
import os
import re
import shutil
import subprocess
import sys

import keras
import numpy as np
import pytest

from kerasdl import backbone, create_model, load_model
from kerasdl.cli import main
from kerasdl.decoding import decoder_of
from kerasdl.errors import UserError
from kerasdl.models import model_origin
from kerasdl.plugin import PluginError, PluginWarning, Spec, host, reset_host
from kerasdl.plugin.requirements import lacking
from kerasdl.testing import check_architecture
from kerasdl.testing.distribution import write_distribution
from kerasdl.training import RunConfig, train
from kerasdl.weights import architecture_model

BASE_MODEL = """
import keras

register = keras.saving.register_keras_serializable(package="sound_base")


@register
class Doubling(keras.layers.Layer):
    def call(self, x):
        return 2 * x


def build(config, spec):
    inputs = keras.Input(spec.input_shape)
    x = keras.layers.Dense(config.width, "tanh", name="hidden")(inputs)
    x = Doubling(name="doubling")(x)
    return keras.Model(inputs, keras.layers.Dense(spec.outputs, name="head")(x), name="base")
"""
TOP_MODEL = """
import keras

import kerasdl


def build(config, spec):
    features = kerasdl.backbone("sound-base", spec, width=config.width)
    inputs = keras.Input(spec.input_shape)
    x = keras.layers.Dense(config.units, "tanh", name="neck")(features(inputs))
    return keras.Model(inputs, keras.layers.Dense(spec.outputs, name="head")(x), name="top")
"""
UNTOUCHED = "def build(config, spec): ...\n\n\nraise SystemExit('imported')\n"
PLUGIN = """
from kerasdl.plugin import Architecture, Field, hookimpl


@hookimpl
def kerasdl_architectures():
    yield Architecture(
        name="NAME",
        summary="sound",
        tasks=("tabular-classification",),
        builder="PACKAGE.model:build",
        config=(
            Field(name="width", type=int, default=4, minimum=1, help="Units"),
            Field(name="units", type=int, default=3, minimum=1, help="Units"),
        ),
        variants={"NAME-wide": {"width": 8}},
        MORE
    )
"""
REQUIRES = 'requires=("sound-base:sound-base",),'
SPEC = Spec(task="tabular-classification", input_shape=(4,), outputs=3)


class Plugins:
    """A base and what is built on it."""

    def __init__(self, folder):
        self.folder = folder

    def add(self, name, model, more="", requires=(), version="1.0", head=""):
        package = name.replace("-", "_")
        plugin = PLUGIN.replace("NAME", name).replace("PACKAGE", package).replace("MORE", more)
        files = {"__init__.py": "", "plugin.py": head + plugin, "model.py": model}
        files = {f"{package}/{file}": text for file, text in files.items()}
        write_distribution(self.folder, name, files, {name: f"{package}.plugin"}, version, requires)
        reset_host()

    def base(self, **how):
        self.add("sound-base", BASE_MODEL, **how)

    def top(self, model=TOP_MODEL, more=REQUIRES, requires=("sound-base>=1.0",)):
        self.add("sound-top", model, more, requires)

    def remove(self, name):
        for folder in self.folder.glob(f"{name.replace('-', '_')}-*.dist-info"):
            shutil.rmtree(folder)
        reset_host()


@pytest.fixture
def plugins(site):
    return Plugins(site.folder)


def refused(name="sound-top"):
    with pytest.raises(UserError) as caught:
        create_model(name, spec=SPEC)
    assert not isinstance(caught.value, PluginError)
    return str(caught.value)


def test_features_are_what_goes_into_the_head(plugins, rng):
    plugins.base()
    whole = create_model("sound-base", spec=SPEC, width=5)
    features = backbone("sound-base", SPEC.replace(outputs=None), width=5)
    assert features.output_shape == (None, 5)
    features.get_layer("hidden").set_weights(whole.get_layer("hidden").get_weights())
    x = rng.normal(size=(2, 4)).astype("float32")
    kernel, bias = whole.get_layer("hidden").get_weights()
    expected = 2 * np.tanh(x.astype("float64") @ kernel + bias)
    np.testing.assert_allclose(features.predict(x, verbose=0), expected, rtol=1e-5, atol=1e-6)
    until = backbone("sound-base", SPEC, until="hidden")
    assert until.output_shape == (None, 4) and len(until.layers) == 3


def test_weights_of_a_backbone_come_from_a_file_and_are_frozen(plugins, tmp_path):
    plugins.base()
    first = create_model("sound-base", spec=SPEC)
    first.save(tmp_path / "a.keras")
    made = backbone("sound-base", SPEC, weights=tmp_path / "a.keras", freeze=True)
    np.testing.assert_array_equal(
        made.get_layer("hidden").get_weights()[0], first.get_layer("hidden").get_weights()[0]
    )
    assert not made.trainable_variables


def test_composed_model_passes_the_kit(plugins):
    plugins.base()
    plugins.top()
    check_architecture(
        "sound-top",
        spec=SPEC,
        only=["own_names", "symbolic_matches_eager", "mixed_bfloat16", "save_and_load", "clone"],
    )


def test_sixteen_bits_stay_sixteen_bits_inside(plugins):
    plugins.base()
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        made = backbone("sound-base", SPEC)(np.zeros((1, 4), "float32"))
        whole = create_model("sound-base", spec=SPEC)(np.zeros((1, 4), "float32"))
    finally:
        keras.config.set_dtype_policy(before)
    assert keras.backend.standardize_dtype(made.dtype) == "bfloat16"
    assert keras.backend.standardize_dtype(whole.dtype) == "float32"


@pytest.mark.once
def test_file_names_both_plugins_and_another_process_loads_both(plugins, tmp_path):
    plugins.base()
    plugins.top()
    model = create_model("sound-top", spec=SPEC, width=6, units=2)
    model.save(tmp_path / "a.keras")
    origin = model_origin(tmp_path / "a.keras")
    assert (origin["distribution"], origin["config"]) == ("sound-top", {"width": 6, "units": 2})
    code = (
        "import json, sys, kerasdl\n"
        "kerasdl.load_model(sys.argv[1]).predict([[0, 0, 0, 0]] and __import__('numpy').ones((1, 4))"
        ", verbose=0)\n"
        "print(json.dumps(['sound_base.model' in sys.modules, 'sound_top.model' in sys.modules]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "a.keras")],
        env={**os.environ, "PYTHONPATH": str(plugins.folder)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == [True, True]


def test_loading_asks_for_the_backbones_plugin(plugins, tmp_path):
    plugins.base()
    plugins.top()
    create_model("sound-top", spec=SPEC).save(tmp_path / "a.keras")
    plugins.remove("sound-base")
    with pytest.raises(
        UserError, match=r'needs the plugin sound-base 1.0.*pip install "sound-base"'
    ):
        load_model(tmp_path / "a.keras")
    plugins.base(version="2.0")
    with pytest.warns(UserWarning, match="made with sound-base 1.0; 2.0 is installed"):
        load_model(tmp_path / "a.keras")


def test_run_of_a_composed_architecture_is_opened_as_one(plugins, tmp_path):
    plugins.base()
    plugins.top()
    config = RunConfig(architecture="sound-top", data="iris", epochs=1)
    run = train(config, tmp_path / "run")
    assert architecture_model(run.model).name == "top"
    assert model_origin(run.folder)["architecture"] == "sound-top"
    again = create_model("sound-top", spec=SPEC, weights=run.folder, freeze="base")
    assert [v.path for v in again.trainable_variables] == [
        "neck/kernel",
        "neck/bias",
        "head/kernel",
        "head/bias",
    ]
    with pytest.raises(UserError, match="'sound-top' does not generate"):
        decoder_of(run.model)


def test_absent_backbone_is_said_before_anything_is_built(plugins):
    plugins.top(model=UNTOUCHED)
    assert refused() == (
        "architecture 'sound-top:sound-top' needs 'sound-base' of sound-base, which is not "
        'installed: pip install "sound-base>=1.0"'
    )
    with pytest.raises(UserError, match="sound-base, which is not installed"):
        train(RunConfig(architecture="sound-top", data="no/such/file"))


def test_quarantined_backbone_is_said_with_its_reason(plugins):
    plugins.base(head="raise RuntimeError('half written')\n")
    plugins.top(model=UNTOUCHED)
    with pytest.warns(PluginWarning, match="sound-base"):
        said = refused()
    assert "needs 'sound-base' of sound-base, and plugin sound-base (sound-base 1.0," in said
    assert "is quarantined: RuntimeError: half written" in said
    assert said.endswith('pip install --upgrade "sound-base>=1.0"')


def test_backbone_that_is_switched_off_is_said_so(plugins, monkeypatch):
    plugins.base()
    plugins.top(model=UNTOUCHED)
    monkeypatch.setenv("KERASDL_DISABLE_PLUGINS", "sound-base")
    reset_host()
    assert refused().endswith("which is switched off: named in KERASDL_DISABLE_PLUGINS")


def test_distribution_without_that_architecture_is_said_with_close_names(plugins):
    plugins.base()
    plugins.top(more='requires=("sound-base:sound-bass",),')
    assert refused().endswith(
        "but sound-base 1.0 has no such architecture. Did you mean 'sound-base'?"
    )


def test_what_is_required_further_down_is_asked_for_too(plugins):
    plugins.top(model=UNTOUCHED)
    plugins.add("sound-tower", TOP_MODEL, 'requires=("sound-top:sound-top",),')
    assert refused("sound-tower").startswith(
        "architecture 'sound-top:sound-top' needs 'sound-base'"
    )


def test_name_means_the_required_one_where_two_plugins_offer_it(plugins):
    plugins.base()
    plugins.top()
    other = PLUGIN.replace("NAME", "sound-base").replace("PACKAGE", "sound_other")
    files = {"sound_other/__init__.py": "", "sound_other/model.py": UNTOUCHED}
    files["sound_other/plugin.py"] = other.replace("MORE", "")
    write_distribution(plugins.folder, "sound-other", files, {"other": "sound_other.plugin"})
    reset_host()
    assert create_model("sound-top", spec=SPEC).output_shape == (None, 3)
    assert "provided by sound-base:sound-base and sound-other:sound-base" in refused("sound-base")


@pytest.mark.parametrize("more", ["", 'requires=("kerasdl-mlp:mlp",),'])
def test_builder_that_uses_what_its_record_does_not_name(plugins, more):
    plugins.base()
    plugins.top(more=more)
    with pytest.raises(PluginError, match=r"requires=\('sound-base:sound-base',\)"):
        create_model("sound-top", spec=SPEC)


def test_builder_may_use_a_variant_and_its_own_plugins_others(plugins):
    plugins.base()
    plugins.top(model=TOP_MODEL.replace('"sound-base", spec', '"sound-base-wide", spec'))
    assert create_model("sound-top", spec=SPEC, width=7).count_params() == 4 * 7 + 7 + 24 + 12
    assert lacking("sound-base:sound-base", host().architecture("sound-top").plugin) == ""


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"until": "hiden"}, "`until` must be a layer of 'sound-base'.*'hidden'"),
        ({"task": "forecasting"}, "does not serve the task 'forecasting'"),
        ({"depth": 3}, "no config field 'depth'"),
    ],
)
def test_mistakes_in_a_backbone_are_named(plugins, changes, rule):
    plugins.base()
    with pytest.raises(UserError, match=rule):
        backbone("sound-base", SPEC, **changes)


@pytest.mark.parametrize("text", ["resnet", "kerasdl-resnet:", ":resnet", "a b:c", 3])
def test_requirement_in_another_form_is_no_record(plugins, text):
    plugins.top(more=f"requires=({text!r},),")
    with pytest.warns(PluginWarning, match="`requires` must hold DISTRIBUTION:ARCHITECTURE"):
        host()


def test_description_says_what_is_lacking(plugins, capfd):
    plugins.top(model=UNTOUCHED)
    with pytest.raises(SystemExit):
        main(["describe", "sound-top"])
    shown = capfd.readouterr().out
    assert re.search(r"^requires +sound-base:sound-base$", shown, re.M)
    assert "lacking" in shown and 'pip install "sound-base>=1.0"' in shown

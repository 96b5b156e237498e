import warnings

import keras
import numpy as np
import pytest

from kerasdl import create_model, list_models, load_model, load_plugins, model_info
from kerasdl.errors import UserError
from kerasdl.layers.origin import Origin
from kerasdl.models import model_origin
from kerasdl.plugin import PluginError, Spec, reset_host
from kerasdl.weights import save_safetensors

LAYER = """
import keras


@keras.saving.register_keras_serializable(package="PACKAGE")
class Block(keras.layers.Layer):
    def __init__(self, factor=FACTOR, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, inputs):
        return inputs * self.factor

    def get_config(self):
        return {**super().get_config(), "factor": self.factor}


def build(config, spec):
    inputs = keras.Input(spec.input_shape)
    x = keras.layers.Dense(config.width, name="hidden")(inputs)
    return keras.Model(inputs, keras.layers.Dense(spec.outputs, name="head")(Block()(x)), name="net")
"""


@pytest.fixture
def plugins(site):
    """Two plugins whose layers have the same name and differ."""
    from pathlib import Path

    sound = (
        "from kerasdl.plugin import Architecture, Field, hookimpl\n"
        "@hookimpl\ndef kerasdl_architectures():\n"
        "    yield Architecture(name='NAME', summary='s',\n"
        "        tasks=('tabular-classification', 'tabular-regression'), builder='PACKAGE.model:build',\n"
        "        config=(Field(name='width', type=int, default=4, minimum=1, maximum=64, help=''),),\n"
        "        variants={'NAME-wide': {'width': 16}}, aliases={'NAME-large': 'NAME-wide'})\n"
    )
    for name, factor in (("sound-one", 2.0), ("sound-two", 3.0)):
        model = LAYER.replace("PACKAGE", name.replace("-", "_")).replace("FACTOR", str(factor))
        site.add(name, sound.replace("NAME", name), model=model)
    reset_host()
    return Path(site.folder)


def test_result_is_a_plain_functional_model(plugins):
    model = create_model("sound-one", input_shape=(3,), num_classes=2)
    assert type(model).__name__ == "Functional"
    assert model.output_shape == (None, 2)
    model.compile("sgd", "mse")
    model.fit(np.ones((4, 3)), np.ones((4, 2)), verbose=0)
    clone = keras.models.clone_model(model)
    clone.set_weights(model.get_weights())
    x = np.ones((2, 3), "float32")
    np.testing.assert_allclose(clone.predict(x, verbose=0), model.predict(x, verbose=0), rtol=1e-6)


def test_variant_and_alias_fix_fields(plugins):
    for name in ("sound-one-wide", "sound-one-large"):
        assert create_model(name, input_shape=(3,), num_classes=2).get_layer("hidden").units == 16
    given = create_model("sound-one-wide", input_shape=(3,), num_classes=2, width=5)
    assert given.get_layer("hidden").units == 5


def test_list_and_info(plugins):
    assert {"sound-one", "sound-one-wide"} <= set(list_models("sound-*"))
    assert list_models("sound-*", task="forecasting") == []
    assert model_info("sound-one-wide").name == "sound-one"


def test_task_follows_from_the_short_form(plugins):
    assert create_model("sound-one", input_shape=(3,), outputs=1).get_layer("origin").origin[
        "task"
    ] == ("tabular-regression")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "sound-oen"}, "unknown architecture 'sound-oen'.*'sound-one'"),
        ({"widht": 3}, "no config field 'widht'.*'width'"),
        ({"width": 0}, r"`width` must be int, in \[1, 64\]. Received: width=0"),
        ({"task": "captioning"}, "does not serve the task 'captioning'.*tabular-classification"),
        ({"spec": Spec(task="tabular-regression")}, "either `spec` or the short forms"),
        ({"freeze": "nothing*"}, "matches no layer with weights. Layers: hidden, head"),
        ({"freeze": True}, "no `weights` were given"),
        ({"weights": "absent"}, "there is no model at absent"),
    ],
)
def test_bad_argument_names_rule_value_and_way_out(plugins, arguments, message):
    arguments = {"name": "sound-one", "input_shape": (3,), "num_classes": 2} | arguments
    with pytest.raises(UserError, match=message):
        create_model(**arguments)


def test_builder_that_fails_is_named_with_its_plugin(site):
    from pathlib import Path

    site.sound("sound-three")
    Path(site.folder, "sound_three", "model.py").write_text("def build(config, spec): return 1 / 0")
    with pytest.raises(
        PluginError, match=r"plugin sound-three \(sound-three 1.0.*ZeroDivisionError"
    ):
        create_model("sound-three", input_shape=(3,), num_classes=2)


def test_builder_that_returns_no_model_is_named(site):
    from pathlib import Path

    site.sound("sound-three")
    Path(site.folder, "sound_three", "model.py").write_text(
        "def build(config, spec): return 'model'"
    )
    with pytest.raises(PluginError, match="must return a keras.Model. Received: str"):
        create_model("sound-three", input_shape=(3,), num_classes=2)


def test_equal_class_names_in_two_plugins_do_no_harm(plugins, tmp_path):
    x = np.ones((2, 3), "float32")
    saved = {}
    for name in ("sound-one", "sound-two"):
        model = create_model(name, input_shape=(3,), num_classes=2)
        model.save(tmp_path / f"{name}.keras")
        saved[name] = model.predict(x, verbose=0)
    for name, expected in saved.items():
        loaded = load_model(tmp_path / f"{name}.keras")
        np.testing.assert_allclose(loaded.predict(x, verbose=0), expected, rtol=1e-6)


def test_origin_survives_a_plain_keras_resave(plugins, tmp_path):
    create_model("sound-one-wide", input_shape=(3,), num_classes=2).save(tmp_path / "a.keras")
    load_plugins()
    keras.saving.load_model(tmp_path / "a.keras").save(tmp_path / "b.keras")
    origin = model_origin(tmp_path / "b.keras")
    assert origin["architecture"] == "sound-one"
    assert origin["variant"] == "sound-one-wide"
    assert origin["config"] == {"width": 16}
    assert (origin["distribution"], origin["version"]) == ("sound-one", "1.0")
    assert len(origin["sha256"]) == 64


def test_model_of_a_missing_plugin_says_what_to_install(plugins, tmp_path, monkeypatch):
    create_model("sound-one", input_shape=(3,), num_classes=2).save(tmp_path / "a.keras")
    reset_host()
    monkeypatch.setenv("KERASDL_PLUGINS", "sound-two")
    with pytest.raises(UserError, match="needs plugin sound-one 1.0, which is disabled"):
        load_model(tmp_path / "a.keras")
    monkeypatch.delenv("KERASDL_PLUGINS")
    for file in plugins.glob("sound_one*.dist-info/*"):
        file.unlink()
    reset_host()
    with pytest.raises(UserError, match=r'not installed: pip install "sound-one"'):
        load_model(tmp_path / "a.keras")


def test_other_version_of_the_plugin_is_named(plugins, tmp_path):
    create_model("sound-one", input_shape=(3,), num_classes=2).save(tmp_path / "a.keras")
    metadata = next(plugins.glob("sound_one*.dist-info/METADATA"))
    metadata.write_text(metadata.read_text().replace("Version: 1.0", "Version: 2.0"))
    reset_host()
    with pytest.warns(UserWarning, match="made with sound-one 1.0; 2.0 is installed"):
        load_model(tmp_path / "a.keras")


@pytest.mark.parametrize("kind", ["keras", "safetensors", "weights.h5"])
def test_weights_come_from_a_file(plugins, tmp_path, kind):
    first = create_model("sound-one", input_shape=(3,), num_classes=2)
    path = tmp_path / f"model.{kind}"
    {"keras": first.save, "weights.h5": first.save_weights}.get(
        kind, lambda p: save_safetensors(first, p)
    )(path)
    second = create_model("sound-one", input_shape=(3,), num_classes=2, weights=path)
    for a, b in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_head_of_another_size_starts_fresh_and_is_said_so(plugins, tmp_path):
    first = create_model("sound-one", input_shape=(3,), num_classes=2)
    first.save(tmp_path / "a.keras")
    with pytest.warns(
        UserWarning, match=r"the head starts fresh.*head/kernel \(4, 2\) -> \(4, 5\)"
    ):
        second = create_model(
            "sound-one", input_shape=(3,), num_classes=5, weights=tmp_path / "a.keras", freeze=True
        )
    np.testing.assert_array_equal(
        second.get_layer("hidden").get_weights()[0], first.get_layer("hidden").get_weights()[0]
    )
    assert not second.get_layer("hidden").trainable
    assert second.get_layer("head").trainable


def test_weights_of_another_architecture_are_refused(plugins, tmp_path):
    create_model("sound-one", input_shape=(3,), num_classes=2).save(tmp_path / "a.keras")
    with pytest.raises(UserError, match="beside the head, other variables differ in size"):
        create_model(
            "sound-one-wide", input_shape=(3,), num_classes=2, weights=tmp_path / "a.keras"
        )


@pytest.mark.parametrize("text", [b"", b"PK\x03\x04 half a zip", b"no zip at all"])
def test_file_that_is_no_model_is_named(tmp_path, text):
    (tmp_path / "a.keras").write_bytes(text)
    with pytest.raises(UserError, match="a.keras is not a .keras file"):
        load_model(tmp_path / "a.keras")


def test_origin_widens_sixteen_bit_outputs():
    layer = Origin({})
    assert (
        keras.backend.standardize_dtype(layer(keras.ops.ones((1, 2), "bfloat16")).dtype)
        == "float32"
    )
    assert keras.backend.standardize_dtype(layer(keras.ops.ones((1, 2), "int32")).dtype) == "int32"


def test_loading_raises_no_warning_of_its_own(plugins, tmp_path):
    create_model("sound-one", input_shape=(3,), num_classes=2).save(tmp_path / "a.keras")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load_model(tmp_path / "a.keras")


def test_compilation_is_what_suits_the_backend_that_loads(plugins, tmp_path):
    model = create_model("sound-one", input_shape=(4,), num_classes=2)
    usual = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    usual.compile("sgd", "mse")
    model.compile("sgd", "mse", jit_compile=not usual.jit_compile)
    model.save(tmp_path / "m.keras")
    assert load_model(tmp_path / "m.keras").jit_compile == usual.jit_compile

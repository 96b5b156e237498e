"""A configuration that names what it should not: nothing of it is made, called or read."""

import base64
import marshal
import os
import subprocess

import keras
import pytest

from kerasdl import create_model, load_model
from kerasdl.guard.classes import check_classes
from kerasdl.schedules import Epochs, Warmup

pytestmark = pytest.mark.once


def function(module, name, registered=None):
    return {
        "module": module,
        "class_name": "function",
        "config": name,
        "registered_name": registered or name,
    }


def python_lambda(sandbox):
    """A layer that makes a file when its lambda is called."""
    code = compile(
        f"lambda x: (open({str(sandbox.touched)!r}, 'w').close(), x)[1]", "", "eval"
    ).co_consts[0]
    packed = base64.b64encode(marshal.dumps(code)).decode()
    return {
        "class_name": "__lambda__",
        "config": {"code": packed, "defaults": None, "closure": None},
    }


def lambda_layer(function, **arguments):
    return {
        "module": "keras.layers",
        "class_name": "Lambda",
        "config": {"name": "evil", "function": function, "arguments": arguments},
    }


def test_a_sound_model_opens_and_nothing_is_seen(sandbox):
    file = sandbox.write()
    assert sandbox.events(lambda: load_model(file)) == []


@pytest.fixture
def may_touch(sandbox):
    """For the control: what was touched is wiped, so that the sandbox ends clean."""
    yield
    sandbox.touched.unlink()


def test_control_the_lambda_would_run(sandbox, may_touch):
    """CVE-2024-3660: what the guard is for."""
    file = sandbox.with_layer(lambda_layer(python_lambda(sandbox)))
    sandbox.touched.write_text("")
    sandbox.touched.unlink()
    keras.saving.load_model(file, safe_mode=False)
    assert sandbox.touched.exists()


def test_control_the_watch_sees_processes_and_reading(sandbox):
    seen = sandbox.events(lambda: (subprocess.run(["true"]), sandbox.secret.read_text()))
    assert [event for event, _ in seen] == ["subprocess.Popen", "open"]


LAMBDAS = {
    "a file's own code": python_lambda,
    "a Keras function (CVE-2025-8747)": lambda _: function("keras.utils", "get_file"),
    "the switch of safe mode (CVE-2025-9906)": lambda _: function(
        "keras.config", "enable_unsafe_deserialization"
    ),
    "a harmless function": lambda _: function("keras.activations", "relu"),
}


@pytest.mark.parametrize("name", LAMBDAS)
def test_a_lambda_layer_is_refused_whatever_it_calls(sandbox, name):
    sandbox.with_layer(lambda_layer(LAMBDAS[name](sandbox)))
    sandbox.refuses(
        "refused: it (names|holds a layer) .*(Lambda, which runs code|get_file|__lambda__|enable_unsafe)"
    )


@pytest.mark.parametrize("place", ["activation", "kernel_initializer", "kernel_regularizer"])
def test_a_lambda_anywhere_else_is_refused(sandbox, place):
    sandbox.with_dense(**{place: python_lambda(sandbox)})
    sandbox.refuses("it names None.__lambda__, which is no part of a network")


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("os", "system"),
        ("posix", "system"),
        ("subprocess", "Popen"),
        ("builtins", "eval"),
        ("builtins", "exec"),
        ("canary", "run"),
        ("canary", "Layer"),
        ("keras_hub", "Layer"),
        ("keras_hub.layers", "Layer"),
        ("keras.utils", "get_file"),
        ("keras.utils", "plot_model"),
        ("keras.utils", "FeatureSpace"),
        ("keras.saving", "load_model"),
        ("keras.saving", "KerasFileEditor"),
        ("keras.config", "enable_unsafe_deserialization"),
        ("keras.datasets.mnist", "load_data"),
        ("keras.applications.vgg16", "VGG16"),
        ("keras.callbacks", "BackupAndRestore"),
        ("keras.callbacks", "LambdaCallback"),
        ("keras.export", "ExportArchive"),
        ("keras.wrappers", "SKLearnClassifier"),
        ("keras.activations", "deserialize"),
        ("keras.layers", "deserialize"),
        ("keras.losses", "get"),
        ("keras.layers", "__builtins__"),
        ("keras.layers.__builtins__", "eval"),
        ("keras.src.saving.serialization_lib", "enable_unsafe_deserialization"),
        ("keras.src.utils.file_utils", "get_file"),
        ("keras.src.utils.python_utils", "func_load"),
        ("keras.src.callbacks.backup_and_restore", "BackupAndRestore"),
        ("keras.src.export.tfsm_layer", "TFSMLayer"),
        ("keras._legacy.layers", "Lambda"),
        ("kerasdl.models", "load_model"),
        (None, "Layer"),
        (3, "Layer"),
        ([], "Layer"),
    ],
)
@pytest.mark.parametrize("kind", ["layer", "model", "function", "initializer", "loss"])
def test_a_class_or_function_that_is_no_part_of_a_network_is_refused(sandbox, module, name, kind):
    """CVE-2025-1550 and those after it: arbitrary modules, then Keras's own that do more."""
    node = {"module": module, "class_name": name, "config": {}, "registered_name": None}
    if kind == "layer":
        sandbox.with_layer(node)
    elif kind == "model":
        sandbox.write({**sandbox.config(), "module": module, "class_name": name})
    elif kind == "function":
        sandbox.with_dense(activation=function(module, name))
    elif kind == "initializer":
        sandbox.with_dense(kernel_initializer=node)
    else:
        config = sandbox.config()
        config["compile_config"]["loss"] = function(module, name)
        sandbox.write(config)
    sandbox.refuses("is refused: it (names|holds) ")


@pytest.mark.parametrize(
    "layer",
    [
        {"class_name": "TFSMLayer", "config": {"filepath": "/tmp", "name": "evil"}},
        {"class_name": "TorchModuleWrapper", "config": {"module": "gASVIQ==", "name": "evil"}},
        {"class_name": "JaxLayer", "config": {"call_fn": "eval", "name": "evil"}},
        {"class_name": "FlaxLayer", "config": {"module": "eval", "name": "evil"}},
    ],
    ids=lambda layer: layer["class_name"],
)
def test_a_layer_that_runs_other_code_is_refused(sandbox, layer):
    """CVE-2026-1462 and the pickle in a wrapped PyTorch module."""
    sandbox.with_layer({"module": "keras.layers", **layer})
    sandbox.refuses("it holds a layer keras.layers.*, which runs code that is not looked at")


@pytest.mark.parametrize("name", ["StringLookup", "IntegerLookup", "TextVectorization"])
@pytest.mark.parametrize("key", ["vocabulary", "idf_weights"])
def test_a_lookup_layer_that_would_read_a_file_is_refused(sandbox, name, key):
    """CVE-2025-12058: files of the host, or addresses, as vocabularies."""
    config = {"name": "evil", "dtype": "string", key: str(sandbox.secret)}
    sandbox.with_layer({"module": "keras.layers", "class_name": name, "config": config})
    sandbox.refuses("its layer keras.layers.* would read the file .*secret.txt")


def test_a_layer_in_the_old_form_without_a_module_is_refused(sandbox):
    """Keras reads it by another way, which looks up everything in its room of layers."""
    layer = lambda_layer(python_lambda(sandbox))
    del layer["module"]
    sandbox.with_layer(layer)
    sandbox.refuses("is refused: it names None.(Lambda|__lambda__)")


@pytest.mark.parametrize(
    "name", ["__lambda__", "__typespec__", "__strange__", "", None, 3, ["Lambda"]]
)
def test_special_names_that_make_more_than_values_are_refused(sandbox, name):
    node = {"class_name": name, "config": {"value": [1]}, "spec_name": "TensorSpec"}
    sandbox.with_dense(units=node)
    sandbox.refuses("is refused: it names ")


@pytest.fixture
def stranger():
    """A class and a function that a library registered, neither kerasdl's nor a plugin's."""

    @keras.saving.register_keras_serializable(package="stranger")
    class Opener(keras.layers.Layer):
        def __init__(self, path="", **more):
            super().__init__(**more)
            if path:
                open(path).close()

        def call(self, inputs):
            return inputs

    @keras.saving.register_keras_serializable(package="stranger")
    def opened(inputs):
        os.system("true")
        return inputs

    yield Opener
    for name in ("Opener", "opened"):
        keras.saving.get_custom_objects().pop(f"stranger>{name}")


def opener(sandbox, path):
    return {
        "module": "elsewhere",
        "class_name": "Opener",
        "registered_name": "stranger>Opener",
        "config": {"name": "evil", "path": path},
    }


def test_a_class_outside_the_allow_list_is_refused_with_a_way_out(sandbox, stranger):
    sandbox.with_layer(opener(sandbox, str(sandbox.secret)))
    sandbox.refuses(r"names the class 'stranger>Opener', which is neither.*allow=\['stranger'\]")


def test_a_registered_function_outside_the_allow_list_is_refused_by_name_too(sandbox, stranger):
    sandbox.with_dense(activation="stranger>opened")
    sandbox.refuses("stranger>opened")
    sandbox.with_dense(activation=function("elsewhere", "stranger>opened"))
    sandbox.refuses("stranger>opened")


def test_a_bare_name_that_keras_would_find_with_a_stranger_is_refused(sandbox, stranger):
    sandbox.with_dense(activation=function("builtins", "opened"))
    sandbox.refuses("it names builtins.opened, which is no part of a network that Keras knows")


def test_a_class_that_nobody_registered_is_refused(sandbox):
    sandbox.with_layer(opener(sandbox, ""))
    sandbox.refuses("stranger>Opener.*neither")


def test_a_package_can_be_allowed(sandbox, stranger, monkeypatch):
    file = sandbox.with_dense(activation=function("elsewhere", "stranger>opened"))
    opened = keras.saving.get_registered_object("stranger>opened")
    assert load_model(file, allow=["stranger"]).get_layer("dense").activation is opened
    monkeypatch.setenv("KERASDL_ALLOW", "others, stranger")
    assert load_model(file).get_layer("dense").activation is opened


@pytest.mark.parametrize("name", ["kerasdl>NoSuch", "kerasdl_mlp>NoSuch"])
def test_a_name_that_an_allowed_package_does_not_have_is_refused(sandbox, name):
    sandbox.with_layer(
        {"module": "os", "class_name": "system", "registered_name": name, "config": {}}
    )
    sandbox.refuses("it names os.system, which is no part of a network that Keras knows")


def test_whatever_kerasdl_registers_is_allowed(sandbox):
    inputs = keras.Input((3,))
    model = keras.Model(inputs, keras.layers.Dense(2)(inputs))
    model.compile(keras.optimizers.SGD(0.1 * Warmup(Epochs(2))), "mse")
    model.save(sandbox.file)
    assert load_model(sandbox.file).optimizer is not None


def test_values_nested_beyond_any_recursion_are_refused_or_looked_at(sandbox):
    for depth in (50, 500, 900, 100_000):
        text = '{"a":' * depth + "1" + "}" * depth
        sandbox.write(text)
        sandbox.refuses("is not a .keras file|cannot be loaded as a model")


@pytest.mark.parametrize(
    "layer",
    [
        keras.layers.StringLookup(vocabulary=["a", "b"]),
        keras.layers.Bidirectional(keras.layers.LSTM(2)),
        keras.layers.RNN(keras.layers.GRUCell(2)),
        keras.layers.Dense(2, activation=keras.activations.gelu, kernel_regularizer="l2"),
        keras.layers.Dense(2, kernel_constraint="non_neg", dtype="mixed_bfloat16"),
        keras.layers.TimeDistributed(
            keras.layers.Dense(2, kernel_initializer=keras.initializers.Constant(3))
        ),
        keras.layers.Activation(keras.ops.relu6),
        keras.layers.Dropout(0.5, seed=3),
        keras.layers.EinsumDense("ab,bc->ac", output_shape=2),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_what_keras_itself_writes_is_allowed(layer, tmp_path):
    check_classes(keras.saving.serialize_keras_object(layer), (), tmp_path)


@pytest.mark.parametrize(
    "optimizer",
    [
        keras.optimizers.AdamW(keras.optimizers.schedules.CosineDecay(0.1, 10)),
        keras.optimizers.LossScaleOptimizer(keras.optimizers.Muon()),
    ],
    ids=lambda optimizer: type(optimizer).__name__,
)
def test_what_compile_keeps_is_allowed(optimizer, tmp_path):
    inputs = keras.Input((3,))
    model = keras.Model(inputs, keras.ops.relu(inputs + 1)[:, None])
    loss = keras.losses.CategoricalCrossentropy(label_smoothing=0.1)
    model.compile(optimizer, loss, metrics=["accuracy", keras.metrics.AUC(), keras.losses.hinge])
    check_classes(keras.saving.serialize_keras_object(model), (), tmp_path)


def test_the_models_of_plugins_load(tmp_path):
    create_model("mlp", input_shape=(4,), num_classes=3, widths=(8,)).save(tmp_path / "a.keras")
    assert load_model(tmp_path / "a.keras").output_shape == (None, 3)

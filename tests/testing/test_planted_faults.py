"""Plugins with one fault each: the kit names every one, by the check that is nearest to it."""

import importlib.util
import os
import sys
from dataclasses import dataclass

import keras
import pytest

from kerasdl.plugin import reset_host
from kerasdl.testing import check_architecture
from kerasdl.testing.architecture import ARCHITECTURE_CHECKS, IN_OTHER_PROCESSES
from kerasdl.testing.distribution import write_distribution

HEAD = """
import keras
import numpy as np
from keras import layers, ops

register = keras.saving.register_keras_serializable(package="PACKAGE")


class Passing(layers.Layer):
    def call(self, x):
        return x

    def compute_output_shape(self, shape):
        return shape

"""
TABLE = """
def build(config, spec):
    inputs = keras.Input(spec.input_shape)
    x = layers.Dense(8, "tanh", name="hidden")(inputs)
    x = Fault(name="fault")(x)
    return keras.Model(inputs, layers.Dense(spec.outputs, name="head")(x))
"""
LAST = TABLE.replace(
    """    x = Fault(name="fault")(x)
    return keras.Model(inputs, layers.Dense(spec.outputs, name="head")(x))
""",
    """    x = layers.Dense(spec.outputs, name="head")(x)
    return keras.Model(inputs, Fault(name="fault")(x))
""",
)
WRITER = """
def build(config, spec):
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    x = layers.Embedding(spec.vocab_size, 8, name="embedding")(tokens)
    x = Fault(name="fault")(x, tokens)
    return keras.Model(tokens, layers.Dense(spec.vocab_size, name="head")(x))
"""
READER = """
def build(config, spec):
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    x = layers.Embedding(spec.vocab_size, 8, name="embedding")(tokens)
    x = Fault(name="fault")(x, tokens)
    return keras.Model(tokens, layers.Dense(spec.outputs, name="head")(x))
"""
PLUGIN = """
from kerasdl.plugin import Architecture, Field, Spec, hookimpl


@hookimpl
def kerasdl_architectures():
    yield Architecture(
        name="NAME",
        summary="with a fault",
        tasks=("TASK",),
        builder="PACKAGE.model:build",
        MORE
    )
"""


@dataclass(frozen=True)
class Plant:
    """A plugin and what the kit says of it.

    `found` is the check that finds it, and `also` names checks that find it when they are alone.
    """

    found: str
    says: str
    model: str
    task: str = "tabular-regression"
    more: str = ""
    plugin: str = PLUGIN
    also: tuple[str, ...] = ()

    def files(self, name):
        """Source of the plugin's module and of its model."""
        package = name.replace("-", "_")
        plugin, model = self.plugin, HEAD + self.model
        for old, new in {"NAME": name, "TASK": self.task, "MORE": self.more}.items():
            plugin = plugin.replace(old, new)
        plugin, model = (text.replace("PACKAGE", package) for text in (plugin, model))
        return plugin, model.replace("BACKEND", keras.backend.backend())


def layer(body, end=TABLE, base="Passing"):
    """A model with a layer `Fault` of this body."""
    return f"\n@register\nclass Fault({base}):\n{body}\n\n{end}"


PLANTED = {
    "bad-import": Plant(
        "imports_no_backend",
        "bad_import.plugin imports keras",
        TABLE.replace('    x = Fault(name="fault")(x)\n', ""),
        plugin="import keras\n" + PLUGIN,
    ),
    "bad-requirement": Plant(
        "requirements_are_declared",
        "pip install bad-requirement does not bring kerasdl-example",
        TABLE.replace('    x = Fault(name="fault")(x)\n', ""),
        more='requires=("kerasdl-example:one-hidden-layer",),',
    ),
    "bad-frozen": Plant(
        "builds",
        "no trainable variable",
        layer(
            """
    pass
""",
            LAST.replace("return keras.Model", "model = keras.Model")
            + "    model.trainable = False\n    return model\n",
        ),
    ),
    "bad-growing": Plant(
        "builds",
        "a second build has other variables",
        "BUILT = []\n"
        + TABLE.replace('    x = Fault(name="fault")(x)\n', "    BUILT.append(1)\n").replace(
            "Dense(8,", "Dense(8 + len(BUILT),"
        ),
    ),
    "bad-foreign-name": Plant(
        "own_names",
        "'Custom>Fault'",
        layer("    pass").replace("@register\n", "@keras.saving.register_keras_serializable()\n"),
    ),
    "bad-equal-names": Plant(
        "own_names",
        "'bad_equal_names>Fault' means bad_equal_names.model.",
        layer("    pass")
        + "\nKept = Fault\n\n\n@register\nclass Fault(Passing):\n    pass\n\n\n"
        + TABLE.replace("Fault(", "Kept("),
    ),
    "bad-shape": Plant(
        "symbolic_matches_eager",
        "the shape promised is (4, 2), the real one (4, 4)",
        layer("    def call(self, x):\n        return ops.concatenate([x, x], axis=-1)", LAST),
    ),
    "bad-logarithm": Plant(
        "finite_output",
        "entries are not finite",
        layer("    def call(self, x):\n        return ops.log(x)"),
    ),
    "bad-made-in-call": Plant(
        "all_variables_at_build",
        "makes variables: kernel (8, 8), bias (8,)",
        layer("    def call(self, x):\n        return layers.Dense(8)(x)"),
        also=("same_output_twice", "save_and_load"),
    ),
    "bad-batch-of-one": Plant(
        "batch_of_one",
        "output for a batch of one in training",
        layer(
            "    def call(self, x, training=False):\n"
            "        return x / ops.cast(ops.shape(x)[0] - 1, x.dtype) if training else x"
        ),
    ),
    "bad-fixed-batch": Plant(
        "batch_of_one",
        "",
        layer("    def call(self, x):\n        return ops.reshape(x, (4, 8))"),
    ),
    "bad-dropout-always": Plant(
        "same_output_twice",
        "second output",
        layer(
            "    def __init__(self, **kwargs):\n"
            "        super().__init__(**kwargs)\n"
            "        self.draws = keras.random.SeedGenerator(1)\n\n"
            "    def call(self, x):\n        return keras.random.dropout(x, 0.5, seed=self.draws)"
        ),
    ),
    "bad-counter": Plant(
        "same_output_twice",
        "second output",
        layer(
            "    calls = 0\n\n"
            "    def call(self, x):\n        self.calls += 1\n        return x * self.calls"
        ),
        also=("compiled_matches_eager",),
    ),
    "bad-entropy": Plant(
        "same_seed_same_model",
        "second hidden/kernel",
        TABLE.replace('    x = Fault(name="fault")(x)\n', "").replace(
            'Dense(8, "tanh",',
            'Dense(8, "tanh", kernel_initializer=keras.initializers.RandomNormal('
            "seed=int(np.random.default_rng().integers(2**31))),",
        ),
    ),
    "bad-numpy-noise": Plant(
        "same_seed_same_model",
        "second model's output in training",
        layer(
            "    def call(self, x, training=False):\n"
            "        return x + np.random.default_rng().normal() if training else x"
        ),
        also=("resumes_exactly",),
    ),
    "bad-batch-mean": Plant(
        "samples_independent",
        "first sample by itself",
        layer("    def call(self, x):\n        return x - ops.mean(x, axis=0, keepdims=True)"),
    ),
    "bad-sizes": Plant(
        "odd_sizes",
        "the shape promised is (3, 3), the real one (6, 3)",
        layer(
            "    def build(self, shape):\n        self.built = True\n\n"
            "    def call(self, x):\n        return ops.reshape(x, (-1, 144))\n\n"
            "    def compute_output_shape(self, shape):\n        return (shape[0], 144)",
            TABLE.replace(
                'Dense(8, "tanh", name="hidden")', 'Conv2D(4, 3, 2, name="hidden")'
            ).replace("Conv2D(4", "Conv2D(4"),
        ),
        task="image-classification",
        more='small_spec=Spec(task="image-classification", input_shape=(13, 13, 1), outputs=3),',
    ),
    "bad-padding": Plant(
        "padding_changes_nothing",
        "output with padding",
        layer(
            "    def call(self, x, tokens):\n        return ops.mean(x, axis=1)\n\n"
            "    def compute_output_shape(self, x_shape, tokens_shape):\n        return (x_shape[0], x_shape[2])",
            READER,
            "layers.Layer",
        ),
        task="text-classification",
    ),
    "bad-future": Plant(
        "later_tokens_change_nothing",
        "output before the change",
        layer(
            "    def call(self, x, tokens):\n"
            "        real = ops.cast(ops.not_equal(tokens, 0), x.dtype)[..., None]\n"
            "        mean = ops.sum(x * real, 1, keepdims=True) / ops.sum(real, 1, keepdims=True)\n"
            "        return x + mean\n\n"
            "    def compute_output_shape(self, x_shape, tokens_shape):\n        return x_shape",
            WRITER,
            "layers.Layer",
        ),
        task="language-modelling",
    ),
    "bad-branch": Plant(
        "compiled_matches_eager",
        "",
        layer(
            "    def call(self, x):\n"
            "        if not isinstance(x, keras.KerasTensor) and float(ops.max(x)) > 5:\n"
            "            print('large')\n"
            "        return x"
        ),
    ),
    "bad-uncompiled": Plant(
        "compiled_matches_eager",
        "no step of the model is compiled, as `supports_jit` is false: fault",
        layer(
            "    def __init__(self, **kwargs):\n"
            "        super().__init__(**kwargs)\n        self.supports_jit = False"
        ),
    ),
    "bad-config": Plant(
        "save_and_load",
        "output of the loaded model",
        layer(
            "    def __init__(self, scale=1.0, **kwargs):\n"
            "        super().__init__(**kwargs)\n        self.scale = scale\n\n"
            "    def call(self, x):\n        return x * self.scale\n\n"
            "    def get_config(self):\n        return {'name': self.name}",
            TABLE.replace("Fault(", "Fault(scale=2.0, "),
        ),
        also=("clone",),
    ),
    "bad-serialization": Plant(
        "save_and_load",
        "",
        layer(
            "    def get_config(self):\n"
            '        return {**super().get_config(), "function": object()}'
        ),
    ),
    "bad-float64": Plant(
        "mixed_bfloat16",
        "fault gets bfloat16 and gives float32",
        layer(
            "    def call(self, x):\n"
            "        return x * ops.convert_to_tensor(np.float64(0.5), 'float32')\n\n"
            "    def compute_output_spec(self, x):\n"
            "        wide = 'float32' if x.dtype == 'bfloat16' else x.dtype\n"
            "        return keras.KerasTensor(x.shape, wide)"
        ),
    ),
    "bad-narrow-variables": Plant(
        "mixed_bfloat16",
        "hidden/kernel is bfloat16",
        TABLE.replace('    x = Fault(name="fault")(x)\n', "").replace(
            'name="hidden"', 'dtype="bfloat16", name="hidden"'
        ),
    ),
    "bad-no-gradient": Plant(
        "every_variable_has_gradient",
        "hidden/kernel (12, 8) gets no gradient",
        layer("    def call(self, x):\n        return ops.stop_gradient(x)"),
    ),
    "bad-gradient": Plant(
        "gradients_are_right",
        "hidden/",
        layer("    def call(self, x):\n        return 3.0 * x - 2.0 * ops.stop_gradient(x)"),
    ),
    "bad-worsening": Plant(
        "loss_falls",
        "the loss went from",
        layer(
            "    def call(self, x, training=False):\n"
            "        return 2.0 * ops.stop_gradient(x) - x if training else x",
            LAST,
        ),
    ),
    "bad-weak": Plant(
        "over_fits_ten_samples",
        "of the loss is left",
        layer("    def call(self, x):\n        return 0.1 * ops.tanh(x)", LAST),
    ),
    "bad-idle-field": Plant(
        "fields_matter",
        "without effect: depth (tried 4, 3, 1, 5)",
        TABLE.replace('    x = Fault(name="fault")(x)\n', "").replace(
            "Dense(8", "Dense(config.width"
        ),
        more='config=(Field(name="width", type=int, default=8, minimum=1, help="w"), '
        'Field(name="depth", type=int, default=2, minimum=1, help="d")),',
    ),
    "bad-field-value": Plant(
        "fields_matter",
        "'width': 1",
        TABLE.replace(
            '    x = Fault(name="fault")(x)\n', "    spec.outputs / (config.width - 1)\n"
        ),
        more='config=(Field(name="width", type=int, default=8, minimum=1, help="w"),),',
    ),
    "bad-count": Plant(
        "parameters_are_true",
        "bad-count has 122, stated 1,000",
        TABLE.replace('    x = Fault(name="fault")(x)\n', ""),
        more='parameters={"bad-count": 1000}, '
        'parameters_spec=Spec(task="tabular-regression", input_shape=(12,), outputs=2),',
    ),
    "bad-one-backend": Plant(
        "same_on_other_backends",
        "in another process: ",
        layer(
            "    def call(self, x):\n"
            "        if keras.backend.backend() != OWN:\n"
            "            raise ImportError('one backend only')\n        return x",
        ).replace("OWN", "'BACKEND'"),
    ),
    "bad-unrolled": Plant(
        "exports_to_onnx",
        "output of the model exported from torch",
        layer(
            """
    def call(self, x, tokens):
        there = ops.cast(ops.not_equal(tokens, 0), x.dtype)[..., None]
        x = x * there
        return sum(x[:, step] for step in range(x.shape[1]))  # one, where the length is open

    def compute_output_shape(self, x_shape, tokens_shape):
        return (x_shape[0], x_shape[2])""",
            READER,
        ),
        task="text-classification",
    ),
}


@pytest.fixture(scope="module", autouse=True)
def installed(tmp_path_factory):
    """All of them, installed at once."""
    folder = tmp_path_factory.mktemp("site")
    for name, plant in PLANTED.items():
        package = name.replace("-", "_")
        plugin, model = plant.files(name)
        files = {"__init__.py": "", "plugin.py": plugin, "model.py": model}
        files = {f"{package}/{file}": text for file, text in files.items()}
        write_distribution(folder, name, files, {name: f"{package}.plugin"})
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        patch.setenv("PYTHONPATH", str(folder), prepend=os.pathsep)
        patch.setenv("XDG_CONFIG_HOME", str(folder / "config"))
        reset_host()
        yield
        reset_host()
    for module in [name for name in sys.modules if name.startswith("bad_")]:
        del sys.modules[module]


def message(name, **how):
    with pytest.raises(AssertionError) as caught:
        check_architecture(name, **how)
    return str(caught.value)


EXPORT = ("onnx", "onnxruntime", "onnxscript", "torch")
NO_EXPORT = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in EXPORT),
    reason=f"not all installed: {', '.join(EXPORT)}",
)


def marks(plant):
    slow = [pytest.mark.long] if plant.found in IN_OTHER_PROCESSES else []
    return [*slow, NO_EXPORT] if plant.found == "exports_to_onnx" else slow


@pytest.mark.once
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=marks(plant)) for name, plant in PLANTED.items()]
)
def test_a_planted_fault_is_found(name):
    plant = PLANTED[name]
    for check in (plant.found, *plant.also):
        said = message(name, only=[check])
        where = f"check_architecture: check `{check}` failed for create_model('{name}'"
        assert said.startswith(where), said
        if check == plant.found:
            assert plant.says in said, said


@pytest.mark.once
@pytest.mark.long
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=marks(plant)) for name, plant in PLANTED.items()]
)
def test_the_first_check_that_fails_names_the_fault(name):
    plant = PLANTED[name]
    assert f"check `{plant.found}` failed" in message(name)


def test_no_check_is_without_a_planted_fault():
    found = {check for plant in PLANTED.values() for check in (plant.found, *plant.also)}
    assert {check.name for check in ARCHITECTURE_CHECKS} <= found
    assert len(PLANTED) >= 25

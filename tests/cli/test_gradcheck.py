import json

import pytest

WRONG = """
import keras
from keras import ops


@keras.saving.register_keras_serializable(package="sound_wrong")
class Half(keras.layers.Layer):
    \"\"\"The identity, with half its gradient.\"\"\"

    def call(self, x):
        return x / 2 + ops.stop_gradient(x / 2)


def build(config, spec):
    inputs = keras.Input(spec.input_shape)
    x = keras.layers.Dense(4, "tanh", name="first")(inputs)
    x = Half()(keras.layers.Dense(3, name="second")(x))
    return keras.Model(inputs, keras.layers.Dense(spec.outputs, name="last")(x))
"""


KINKED = """
import keras


def build(config, spec):
    inputs = keras.Input(spec.input_shape)
    x = keras.layers.ReLU()(keras.layers.Dense(6, name="first")(inputs))
    x = keras.layers.ReLU()(keras.layers.Rescaling(-1.0)(x))
    outputs = keras.layers.Dense(spec.outputs, "relu", name="last")(x)
    return keras.Model(inputs, outputs)
"""


@pytest.fixture
def wrong(site):
    site.add("sound-wrong", PLUGIN, model=WRONG)
    return site


PLUGIN = """
from kerasdl.plugin import Architecture, hookimpl


@hookimpl
def kerasdl_architectures():
    yield Architecture(
        name="wrong", summary="wrong", tasks=("tabular-classification",),
        builder="PACKAGE.model:build",
    )
"""


@pytest.mark.parametrize("backend", ["jax", pytest.param("tensorflow", marks=pytest.mark.long)])
def test_a_wrong_gradient_is_found_in_float64(wrong, backend):
    done = wrong.run("gradcheck", "wrong", "--backend", backend)
    assert done.returncode == 1, done.stderr
    assert "wrong gradients of wrong: first/kernel, first/bias, second/kernel" in done.stderr
    rows = {line.split()[0]: line.split() for line in done.stdout.splitlines() if line.strip()}
    for name in ("first/kernel", "second/bias"):
        analytic, numeric = map(float, rows[name][-4:-2])
        assert analytic == pytest.approx(numeric / 2, rel=1e-2 if backend == "jax" else 1e-6)
    assert rows["last/kernel"][-1] == "yes"
    # Keras's tanh is float32 on JAX.
    assert ("float32" if backend == "jax" else "float64") + ", epsilon" in done.stdout


@pytest.mark.long
@pytest.mark.parametrize("backend", ["jax", "tensorflow", "torch"])
def test_right_gradients_are_told_so(site, backend):
    site.sound("sound-right")
    done = site.run("gradcheck", "sound-right", "--backend", backend, "--json")
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)
    assert len(rows) == 2 and all(row["right"] for row in rows)


def test_a_fresh_network_on_its_kinks_is_right(site):
    """Here the last ReLU begins on its kink: the one before it gives 0, and its biases are 0."""
    site.add("sound-kinked", PLUGIN.replace('"wrong"', '"kinked"'), model=KINKED)
    done = site.run("gradcheck", "kinked", "--backend", "jax", "--json")
    assert done.returncode == 0, done.stderr
    assert [row["right"] for row in json.loads(done.stdout)] == [True] * 4

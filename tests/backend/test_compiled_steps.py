"""Layers of Keras that leave a model's steps uncompiled on JAX."""

import keras
import numpy as np
import pytest

import kerasdl
from kerasdl.backend.compiled_steps import let_compile
from kerasdl.plugin import reset_host
from kerasdl.training import RunConfig
from kerasdl.training.preparing import prepare

ON_JAX = keras.backend.backend() == "jax"

MOVING = {
    "perspective": lambda: keras.layers.RandomPerspective(0.5),
    "rotation": lambda: keras.layers.RandomRotation(0.1),
    "shear": lambda: keras.layers.RandomShear(0.2, 0.2),
    "translation": lambda: keras.layers.RandomTranslation(0.2, 0.2),
    "zoom": lambda: keras.layers.RandomZoom(0.2),
    "within another": lambda: keras.layers.AugMix((0, 255), num_chains=1, chain_depth=1),
    "in a list": lambda: keras.layers.Pipeline([keras.layers.RandomRotation(0.1)]),
    "in a model": lambda: keras.Sequential([keras.layers.RandomZoom(0.2)]),
}


def network(layer):
    parts = [keras.Input((8, 8, 3)), layer, keras.layers.Flatten(), keras.layers.Dense(3)]
    return keras.Sequential(parts)


@pytest.fixture
def images():
    rng = np.random.default_rng(0)
    return rng.uniform(0, 255, (16, 8, 8, 3)).astype("float32"), rng.integers(0, 3, 16)


@pytest.mark.parametrize("make", MOVING.values(), ids=MOVING)
def test_steps_with_layers_that_move_images_are_compiled(make, images):
    plain, model = network(make()), network(make())
    assert let_compile(model) == []
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    for each in (plain, model):
        each.compile("sgd", loss)
    if ON_JAX:
        assert not plain.jit_compile  # else the work-around can go
        assert model.jit_compile
    assert np.isfinite(model.fit(*images, batch_size=8, verbose=0).history["loss"]).all()


@pytest.mark.skipif(not ON_JAX, reason="only JAX runs an uncompiled step operation by operation")
def test_a_compiled_layer_draws_what_it_draws_uncompiled(images):
    seen = []
    for allowed in (False, True):
        model = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.RandomRotation(0.1, seed=3)])
        if allowed:
            let_compile(model)
        model.compile("sgd", "mse")
        seen.append(model.evaluate(images[0], images[0], verbose=0))
        keras.utils.set_random_seed(0)
        seen.append(model.fit(images[0], images[0], verbose=0, shuffle=False).history["loss"])
    assert seen[0] == pytest.approx(seen[2]) == 0.0
    assert seen[1] == pytest.approx(seen[3]) and seen[1][0] > 1.0


def test_a_loaded_model_is_compiled_too(tmp_path, images):
    model = network(keras.layers.RandomRotation(0.1))
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.save(tmp_path / "model.keras")
    loaded = kerasdl.load_model(tmp_path / "model.keras")
    assert loaded.jit_compile == ON_JAX


@pytest.mark.skipif(not ON_JAX, reason="graphs and eager steps are the usual way elsewhere")
def test_a_run_names_the_layer_that_leaves_it_uncompiled():
    crop = "random_crop(height=8,width=8)"
    with pytest.warns(UserWarning, match=r"no step of this run is compiled.*\(RandomCrop\)"):
        prepare(RunConfig(architecture="cnn", data="digits", augment=(crop,)))


PLUGIN = """
from kerasdl.plugin import Architecture, hookimpl


@hookimpl
def kerasdl_architectures():
    yield Architecture(
        name="turner", summary="s", tasks=("image-classification",), builder="sound_turner.model:build"
    )
"""
TURNER = """
import keras


def build(config, spec):
    image = keras.Input(spec.input_shape)
    x = keras.layers.Flatten()(keras.layers.RandomRotation(0.1)(image))
    return keras.Model(image, keras.layers.Dense(spec.outputs)(x))
"""


def test_a_model_made_by_name_is_compiled_too(site):
    site.add("sound-turner", PLUGIN, model=TURNER)
    reset_host()
    model = kerasdl.create_model("turner", input_shape=(8, 8, 3), num_classes=3)
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    assert model.jit_compile == ON_JAX

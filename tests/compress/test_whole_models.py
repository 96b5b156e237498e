"""Models as training makes them: raw inputs, preprocessing, an architecture, a head."""

import keras
import numpy as np
import pytest

import kerasdl
from kerasdl.compress import dead_unit_report, remove_dead_units, unsupported_layers

L = keras.layers


@pytest.fixture
def wrapped():
    """`wrapped(shape, name, **config)`: an architecture between preprocessing and a head."""

    def make(shape, name, **config):
        keras.utils.set_random_seed(5)
        raw = keras.Input(shape, name="raw")
        scaling = L.Normalization(-1, dtype="float32", name="scaling")
        scaling.adapt(np.random.default_rng(2).normal(3.0, 2.0, size=(50, *shape)))
        architecture = kerasdl.create_model(name, input_shape=shape, num_classes=3, **config)
        head = L.Normalization(mean=[1.0] * 3, variance=[4.0] * 3, invert=True, name="target")
        features = L.Rescaling(0.5)(scaling(raw))
        return keras.Model(raw, head(architecture(features)), name="run")

    return make


def _with_units(model):
    """Layers with units, inner models first to last, and of each whether it is a convolution."""
    found = []
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            found += _with_units(layer)
        elif isinstance(layer, L.Dense | L.Conv2D):
            found.append(layer)
    return found


def _halve(model, dead):
    """Every second unit but the outputs' is planted dead; returns the numbers that stay."""
    *hidden, last = _with_units(model)
    for layer in hidden:
        kernel, *rest = layer.get_weights()
        layer.set_weights([kernel, *(bias + 1 for bias in rest)])  # the others surely live
        dead(layer, list(range(1, layer.kernel.shape[-1], 2)), bias=-0.3)
    return [(layer.kernel.shape[-1] + 1) // 2 for layer in hidden] + [last.kernel.shape[-1]]


CASES = {
    "mlp": ((6,), "mlp", {"widths": (8, 5)}),
    "cnn": ((8, 8, 1), "cnn", {"filters": (4, 6), "convolutions": 1}),
}


@pytest.mark.parametrize("name", [pytest.param("mlp"), pytest.param("cnn", marks=pytest.mark.long)])
def test_run_is_made_smaller(name, wrapped, dead, same, tmp_path, rng):
    shape, architecture, config = CASES[name]
    model = wrapped(shape, architecture, **config)
    expected = _halve(model, dead)
    assert unsupported_layers(model) == {}
    smaller = remove_dead_units(model)
    assert [layer.kernel.shape[-1] for layer in _with_units(smaller)] == expected
    assert [e.units - e.removable for e in dead_unit_report(model)] == expected
    same(model, smaller)

    smaller.compile("adam", "mse")
    x, y = rng.normal(size=(4, *shape)), rng.normal(size=(4, 3))
    smaller.train_on_batch(x.astype("float32"), y.astype("float32"))
    smaller.save(tmp_path / "model.keras")
    loaded = kerasdl.load_model(tmp_path / "model.keras")
    same(smaller, loaded)
    origins = [
        layer.origin["architecture"]
        for inner in loaded.layers
        if isinstance(inner, keras.Model)
        for layer in inner.layers
        if hasattr(layer, "origin")
    ]
    assert origins == [name]


def test_frozen_layers_are_copied_and_preprocessing_is_not(wrapped, dead, same):
    model = wrapped((6,), "mlp", widths=(12,))
    _halve(model, dead)
    model.trainable = False
    smaller = remove_dead_units(model)
    same(model, smaller)
    assert smaller.get_layer("scaling") is model.get_layer("scaling")
    copied = _with_units(smaller)
    assert not {id(layer) for layer in copied} & {id(layer) for layer in _with_units(model)}
    assert smaller.trainable_variables == []
    for layer in copied:
        layer.trainable = True
    assert model.trainable_variables == []


def test_frozen_layers_in_the_way_are_copied(filled, same):
    inputs = keras.Input((4, 3))
    frozen = L.LayerNormalization(trainable=False, name="frozen")
    early = keras.Sequential(
        [keras.Input((4, 3)), L.LayerNormalization(name="inner")], name="early"
    )
    early.trainable = False
    x = L.Dense(2, name="b")(L.Dense(4, name="a")(frozen(early(inputs))))
    model = filled(keras.Model(inputs, x))
    smaller = remove_dead_units(model)
    same(model, smaller)
    assert smaller.get_layer("frozen") is not frozen
    assert smaller.get_layer("early") is not early
    assert not smaller.get_layer("frozen").trainable


def test_adapted_preprocessing_within_a_model_without_units_is_kept(filled, same, rng):
    scaling = L.Normalization(name="scaling")
    scaling.adapt(rng.normal(5.0, 3.0, size=(40, 3)))
    front = keras.Sequential([keras.Input((3,)), scaling], name="front")
    inputs = keras.Input((3,))
    outputs = L.Dense(2, name="b")(L.Dense(4, name="a")(front(inputs)))
    model = keras.Model(inputs, outputs)
    smaller = remove_dead_units(model)
    same(model, smaller)

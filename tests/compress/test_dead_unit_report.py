import keras
import numpy as np
import pytest

from kerasdl.compress import LayerReport, dead_unit_report, unsupported_layers
from kerasdl.errors import UserError

L = keras.layers


@pytest.fixture
def model(filled, dead, unread):
    """Six units: 0 and 1 constant, 2 unread, 1 read by a convolution that pads; then three."""
    inputs = keras.Input((5, 2))
    x = L.Conv1D(6, 2, activation="relu", name="a")(inputs)
    x = L.Conv1D(3, 3, padding="same", name="b")(x)
    model = filled(keras.Model(inputs, L.Dense(4, name="out")(L.Flatten()(x))))
    dead(model.get_layer("a"), [0], bias=-1.0)
    dead(model.get_layer("a"), [1], bias=0.5)
    unread(model.get_layer("b"), [2])
    dead(model.get_layer("out"), [3])
    return model


def test_numbers_are_those_counted_by_hand(model):
    assert dead_unit_report(model) == [
        LayerReport(name="a", units=6, constant=1, unread=1, stuck=1),
        LayerReport(name="b", units=3, constant=0, unread=0, stuck=0),
        LayerReport(name="out", units=4, constant=0, unread=0, stuck=1),
    ]
    assert [entry.removable for entry in dead_unit_report(model)] == [2, 0, 0]


def test_last_unit_of_a_dead_layer_is_stuck(filled, dead):
    model = keras.Sequential([keras.Input((2,)), L.Dense(5, name="a"), L.Dense(1, name="b")])
    dead(filled(model).get_layer("a"), [0, 1, 2, 3, 4])
    first, last = dead_unit_report(model)
    assert (first.constant, first.unread, first.stuck) == (4, 0, 1)
    assert (last.constant, last.stuck) == (0, 1)  # it reads constants alone


def test_threshold_counts_more(model):
    entries = dead_unit_report(model, threshold=1.0)
    # no weight is left: all is constant, one unit of each layer stays, the outputs all do
    assert [entry.units - entry.removable for entry in entries] == [1, 1, 4]


def test_threshold_is_refused_when_wrong(model):
    for wrong in (-1.0, float("nan")):
        with pytest.raises(UserError, match=f"`threshold` must be .*threshold={wrong}"):
            dead_unit_report(model, wrong)


def test_unsupported_layers_of_nested_models_have_their_path(filled):
    inputs = keras.Input((4, 3))
    inner = keras.Model(inputs, L.GRU(2, name="gru")(L.Dense(3)(inputs)), name="inner")
    first = keras.Input((4, 3))
    model = keras.Model(first, L.Dense(2)(inner(first)))
    assert unsupported_layers(model) == {"inner/gru": "is recurrent (GRU)"}
    assert any(entry.name.startswith("inner/dense") for entry in dead_unit_report(model))


def test_report_leaves_the_model_alone(model):
    before = model.get_weights()
    dead_unit_report(model, threshold=0.5)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))

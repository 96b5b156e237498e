import functools

import keras
import pytest

from kerasdl.compress import remove_dead_units, unsupported_layers
from kerasdl.compress.features import is_elementwise
from kerasdl.errors import UserError

L = keras.layers
# random initial weights, which are replaced anyway, take longer than all the rest
Dense = functools.partial(L.Dense, kernel_initializer="zeros")
MIXING = {"softmax", "log_softmax", "sparsemax", "glu"}
ALL = sorted(set(dir(keras.activations)) - {"get", "serialize", "deserialize"})
NAMES = [name for name in ALL if not name.startswith("_")]


@pytest.fixture
def model(filled, dead):
    """`model(activation)`: four units, two of them constant; the activation in or after them."""

    def make(activation):
        layer = isinstance(activation, keras.layers.Layer)
        inputs = keras.Input((3,))
        x = Dense(4, activation=None if layer else activation, name="a")(inputs)
        x = activation(x) if layer else x
        made = filled(keras.Model(inputs, Dense(2, name="b")(x)))
        dead(made.get_layer("a"), [0], bias=0.7)
        dead(made.get_layer("a"), [2], bias=-0.4)
        return made

    return make


@pytest.mark.parametrize(
    "name",
    [
        name if name in {*MIXING, "relu", "gelu"} else pytest.param(name, marks=pytest.mark.long)
        for name in NAMES
    ],
)
def test_functions_that_mix_units_are_told_from_others(name):
    function = getattr(keras.activations, name)
    if name == "threshold":
        function = lambda x: keras.activations.threshold(x, 0.1, 0.0)  # noqa: E731
    assert is_elementwise(function) == (name not in MIXING)


@pytest.mark.parametrize(
    "name",
    [
        *("relu", "gelu"),
        *(pytest.param(name, marks=pytest.mark.long) for name in ("leaky_relu", "softplus", None)),
    ],
)
def test_constants_go_through_activations(name, model, same):
    old = model(name)
    smaller = remove_dead_units(old)
    assert smaller.get_layer("a").units == 2
    same(old, smaller)


@pytest.mark.parametrize(
    "make",
    [
        lambda: L.ReLU(max_value=0.5, threshold=0.2, negative_slope=0.1),
        lambda: L.LeakyReLU(0.3),
        lambda: L.ELU(0.5),
        lambda: L.Activation("tanh"),
    ],
    ids=["ReLU", "LeakyReLU", "ELU", "Activation"],
)
def test_constants_go_through_activation_layers(make, model, same):
    old = model(make())
    smaller = remove_dead_units(old)
    assert smaller.get_layer("a").units == 2
    same(old, smaller)


@pytest.mark.parametrize(
    ("make", "name", "reason"),
    [
        (lambda: "softmax", "a", "mixes its units"),
        (lambda: L.Activation("softmax", name="s"), "s", "not supported"),
        (lambda: L.Softmax(name="s"), "s", "not supported"),
        (lambda: L.PReLU(name="s"), "s", "not supported"),
        (lambda: L.UnitNormalization(name="s"), "s", "not supported"),
    ],
    ids=["in the layer", "Activation", "Softmax", "PReLU", "UnitNormalization"],
)
def test_mixing_between_layers_is_refused(make, name, reason, model, same):
    old = model(make())
    with pytest.raises(UserError, match=f"layer '{name}' .*{reason}"):
        remove_dead_units(old)
    kept = remove_dead_units(old, on_unsupported="keep")
    assert kept.get_layer("a").units == 4
    same(old, kept)


@pytest.mark.parametrize("inside", [True, False])
def test_softmax_of_the_outputs_is_no_obstacle(inside, filled, dead, same):
    inputs = keras.Input((3,))
    x = Dense(4, activation="relu", name="a")(inputs)
    x = Dense(3, activation="softmax" if inside else None, name="b")(x)
    model = filled(keras.Model(inputs, x if inside else L.Softmax()(x)))
    dead(model.get_layer("a"), [0])
    dead(model.get_layer("b"), [1])
    assert unsupported_layers(model) == {}
    smaller = remove_dead_units(model)
    assert smaller.get_layer("a").units == 3
    assert smaller.get_layer("b").units == 3
    same(model, smaller)


def test_penalty_on_an_activation_leaves_no_trace(model):
    old = model(L.Activation("relu", activity_regularizer="l2", name="act"))
    before = len(old.get_layer("act").losses)
    remove_dead_units(old)
    assert len(old.get_layer("act").losses) == before

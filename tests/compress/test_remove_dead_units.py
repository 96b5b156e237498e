import json

import keras
import numpy as np
import pytest

import kerasdl
from kerasdl.compress import remove_dead_units
from kerasdl.errors import UserError

L = keras.layers
KERNEL, BIAS = [[1.0, 0.0, 2.0], [-1.0, 0.0, 1.0]], [0.5, 3.0, -1.0]
READ, OUT = [[1.0, 2.0], [10.0, -1.0], [0.0, 0.0]], [1.0, 1.0]


@pytest.fixture
def hand():
    """Two inputs, three hidden units of which one is constant (3) and one unread, two outputs."""
    model = keras.Sequential(
        [
            keras.Input((2,), name="in"),
            L.Dense(3, activation="relu", kernel_regularizer="l2", name="hidden"),
            L.Dense(2, name="out"),
        ],
        name="hand",
    )
    model.set_weights([np.array(value) for value in (KERNEL, BIAS, READ, OUT)])
    return model


@pytest.fixture
def deep(filled):
    """Dense layers of 6, 5, 4 and 2 units with random weights."""
    inputs = x = keras.Input((3,))
    for place, (units, activation) in enumerate([(6, "relu"), (5, "tanh"), (4, "gelu"), (2, None)]):
        x = L.Dense(units, activation=activation, name=f"d{place}")(x)
    return filled(keras.Model(inputs, x))


def test_weights_and_outputs_are_those_worked_out_by_hand(hand, plain, rng):
    smaller = remove_dead_units(hand)
    (hidden, bias), (read, out) = (layer.get_weights() for layer in smaller.layers)
    assert hidden.tolist() == [[1.0], [-1.0]]
    assert bias.tolist() == [0.5]
    assert read.tolist() == [[1.0, 2.0]]
    assert out.tolist() == [1.0 + 3 * 10.0, 1.0 + 3 * -1.0]
    x = rng.normal(size=(5, 2)).astype("float32")
    expected = np.maximum(x @ np.array(KERNEL) + BIAS, 0) @ READ + OUT
    np.testing.assert_allclose(plain(smaller(x)), expected, rtol=1e-6, atol=1e-5)
    assert smaller.count_params() == 3 + 4
    assert hand.count_params() == 9 + 8


def test_given_model_stays_as_it_is(hand, plain):
    hand.compile("adam", "mse")
    x = np.ones((2, 2), "float32")
    weights, config, outputs = hand.get_weights(), hand.to_json(), plain(hand(x))
    smaller = remove_dead_units(hand, threshold=0.3)
    smaller.set_weights([value + 1 for value in smaller.get_weights()])
    assert all(np.array_equal(a, b) for a, b in zip(weights, hand.get_weights(), strict=True))
    assert json.loads(hand.to_json()) == json.loads(config)
    assert np.array_equal(plain(hand(x)), outputs)
    assert not {id(layer) for layer in hand.layers} & {id(layer) for layer in smaller.layers}


def test_smaller_model_keeps_names_and_settings(hand):
    smaller = remove_dead_units(hand)
    assert type(smaller) is keras.Sequential
    assert smaller.name == "hand"
    assert [layer.name for layer in smaller.layers] == ["hidden", "out"]
    old, new = (model.get_layer("hidden").get_config() for model in (hand, smaller))
    assert {**old, "units": 1} == new
    assert smaller.inputs[0].name == "in"


def test_smaller_model_trains_saves_loads_and_clones(hand, same, tmp_path):
    smaller = remove_dead_units(hand)
    smaller.compile(keras.optimizers.SGD(0.01), "mse")
    x, y = np.ones((4, 2), "float32"), np.zeros((4, 2), "float32")
    first = float(smaller.train_on_batch(x, y))
    for _ in range(5):
        last = float(smaller.train_on_batch(x, y))
    assert last < first
    smaller.save(tmp_path / "smaller.keras")
    same(smaller, kerasdl.load_model(tmp_path / "smaller.keras"))
    clone = keras.models.clone_model(smaller)
    clone.set_weights(smaller.get_weights())
    same(smaller, clone)


@pytest.mark.parametrize("functional", [True, False])
def test_model_compiled_with_a_loss_of_ones_own_is_made_smaller(functional, hand):
    def own(y_true, y_pred):
        return keras.ops.mean(keras.ops.square(y_true - y_pred))

    model = keras.Model(hand.inputs, hand.outputs) if functional else hand
    model.compile("sgd", own)
    smaller = remove_dead_units(model)
    assert not smaller.compiled
    assert model.loss is own
    assert smaller.get_layer("hidden").units == 1


def test_one_unit_takes_others_with_it(deep, dead, unread, same):
    # forward: unit 1 of d1 reads constants of d0 alone; backward: unit 0 of d2 is read by nobody,
    # unit 4 of d1 by that one alone, units 2 and 5 of d0 by that one alone
    layers = [deep.get_layer(f"d{place}") for place in range(4)]
    dead(layers[0], [0, 3])
    unread(layers[3], [0])
    kernel, bias = layers[1].get_weights()
    kernel[[1, 2, 4, 5], 1] = 0
    kernel[[2, 5], :4] = 0
    layers[1].set_weights([kernel, bias])
    kernel, bias = layers[2].get_weights()
    kernel[4, 1:] = 0
    layers[2].set_weights([kernel, bias])
    smaller = remove_dead_units(deep)
    assert [smaller.get_layer(f"d{place}").units for place in range(4)] == [2, 3, 3, 2]
    same(deep, smaller)


def test_second_time_changes_nothing(hand):
    smaller = remove_dead_units(hand)
    again = remove_dead_units(smaller)
    for one, other in zip(smaller.get_weights(), again.get_weights(), strict=True):
        assert np.array_equal(one, other)


def test_threshold_gives_the_outputs_of_the_model_with_zeros(deep, same):
    layer = deep.get_layer("d1")
    kernel, bias = layer.get_weights()
    kernel[:, 2] *= 0.05
    kernel[4, :] = 0.08
    layer.set_weights([kernel, bias])
    assert remove_dead_units(deep).get_layer("d1").units == 5
    smaller = remove_dead_units(deep, threshold=0.1)
    assert smaller.get_layer("d1").units == 4
    assert smaller.get_layer("d0").units == 5
    layer.set_weights([np.where(np.abs(kernel) <= 0.1, 0, kernel), bias])
    same(deep, smaller)


def test_layer_keeps_a_unit_when_all_are_dead(deep, dead, same):
    dead(deep.get_layer("d1"), list(range(5)))
    smaller = remove_dead_units(deep)
    assert [smaller.get_layer(f"d{place}").units for place in range(4)] == [1, 1, 1, 2]
    with pytest.raises(AssertionError):
        same(deep, smaller)  # whose outputs are constant by now
    x = np.linspace(-1, 1, 6).reshape(2, 3)
    np.testing.assert_allclose(smaller.predict(x, verbose=0), deep.predict(x, verbose=0), atol=1e-5)


def test_layer_keeps_a_unit_when_none_is_read(deep, unread):
    unread(deep.get_layer("d2"), list(range(5)))
    smaller = remove_dead_units(deep)
    assert [smaller.get_layer(f"d{place}").units for place in range(4)] == [6, 1, 1, 2]


def test_bias_appears_where_a_constant_is_folded(filled, dead, same):
    model = keras.Sequential(
        [keras.Input((3,)), L.Dense(4, name="a"), L.Dense(2, use_bias=False, name="b")]
    )
    filled(model)
    same_bias = remove_dead_units(model)
    assert not same_bias.get_layer("b").use_bias
    dead(model.get_layer("a"), [1, 2], bias=0.7)
    smaller = remove_dead_units(model)
    assert smaller.get_layer("a").units == 2
    assert smaller.get_layer("b").use_bias
    assert smaller.count_params() < model.count_params()
    same(model, smaller)


def test_outputs_keep_their_size(hand):
    kernel, bias = hand.get_layer("out").get_weights()
    hand.get_layer("out").set_weights([np.zeros_like(kernel), bias])
    smaller = remove_dead_units(hand)
    assert smaller.output_shape == (None, 2)
    assert smaller.get_layer("hidden").units == 1


def test_wrong_arguments_are_refused(hand):
    with pytest.raises(UserError, match="`threshold` must be at least 0. Received: threshold=-0.1"):
        remove_dead_units(hand, threshold=-0.1)
    with pytest.raises(UserError, match="`on_unsupported` must be .*on_unsupported='skip'"):
        remove_dead_units(hand, on_unsupported="skip")

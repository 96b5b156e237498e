import functools

import keras
import numpy as np
import pytest

from kerasdl.compress import dead_unit_report, remove_dead_units, unsupported_layers

pytestmark = pytest.mark.first

L = keras.layers
# random initial weights, which are replaced anyway, take longer than all the rest
Dense, Conv1D, Conv2D, Conv3D = (
    functools.partial(kind, kernel_initializer="zeros")
    for kind in (L.Dense, L.Conv1D, L.Conv2D, L.Conv3D)
)


def _long(*case):
    return pytest.param(*case, marks=pytest.mark.long)


def chain(shape, *layers):
    """A functional model of the layers, one after the other."""
    inputs = x = keras.Input(shape)
    for layer in layers:
        x = layer(x)
    return keras.Model(inputs, x)


def width(model, name):
    """Units of the layer, as its kernel has them."""
    return model.get_layer(name).kernel.shape[-1]


def between(*layers, shape=(6, 5, 2), **first):
    """A convolution `a` of 4 units, the layers, and a dense layer `b` of 2."""
    return chain(
        shape, Conv2D(4, 2, activation="relu", name="a", **first), *layers, Dense(2, name="b")
    )


@pytest.mark.parametrize(
    ("second", "left"),
    [
        (lambda: Conv2D(3, 2, strides=2, name="b"), 2),
        _long(lambda: Conv2D(3, (2, 1), dilation_rate=2, name="b"), 2),
        (lambda: Conv2D(3, 1, strides=2, padding="same", name="b"), 2),
        # at the edges the share of a constant other than zero differs
        (lambda: Conv2D(3, 2, padding="same", name="b"), 3),
        _long(lambda: Conv2D(3, 3, strides=2, padding="same", use_bias=False, name="b"), 3),
    ],
    ids=["strides", "dilation", "one by one", "same", "same with strides"],
)
def test_constant_units_of_a_convolution(second, left, filled, dead, same):
    model = chain((7, 6, 2), Conv2D(4, 3, activation="relu", name="a"), second())
    filled(model)
    dead(model.get_layer("a"), [1], bias=0.8)
    dead(model.get_layer("a"), [3], bias=-0.8)
    smaller = remove_dead_units(model)
    assert width(smaller, "a") == left
    assert smaller.get_layer("b").kernel.shape[-2] == left
    same(model, smaller)


@pytest.mark.parametrize(
    ("shape", "first", "second", "left"),
    [
        ((9, 2), lambda: Conv1D(4, 3, name="a"), lambda: Conv1D(2, 2, name="b"), 2),
        (
            (9, 2),
            lambda: Conv1D(4, 3, padding="causal", name="a"),
            lambda: Conv1D(2, 2, padding="causal", name="b"),
            3,
        ),
        _long(
            (4, 4, 4, 2),
            lambda: Conv3D(4, 2, name="a"),
            lambda: Conv3D(2, 2, padding="valid", name="b"),
            2,
        ),
        ((5, 3), lambda: Dense(4, name="a"), lambda: Conv1D(2, 2, name="b"), 2),
        _long((6, 3), lambda: Conv1D(4, 2, name="a"), lambda: Dense(2, name="b"), 2),
    ],
    ids=["1D", "causal", "3D", "dense first", "dense last"],
)
def test_other_pairs_of_layers(shape, first, second, left, filled, dead, unread, same):
    model = filled(chain(shape, first(), second()))
    dead(model.get_layer("a"), [1], bias=0.8)
    unread(model.get_layer("b"), [2])
    smaller = remove_dead_units(model)
    assert width(smaller, "a") == left
    same(model, smaller)


@pytest.mark.parametrize(
    "layers",
    [
        lambda: [L.Flatten()],
        _long(lambda: [L.MaxPooling2D(2, padding="same"), L.Flatten()]),
        lambda: [L.AveragePooling2D(3, strides=2, padding="same"), L.Flatten()],
        lambda: [L.GlobalAveragePooling2D(), L.Dropout(0.5)],
        _long(lambda: [L.SpatialDropout2D(0.3), L.GlobalMaxPooling2D(keepdims=True), L.Flatten()]),
        _long(lambda: [L.Cropping2D(1), L.UpSampling2D(2, interpolation="bilinear"), L.Flatten()]),
        lambda: [L.BatchNormalization(name="norm"), L.Activation("gelu"), L.Flatten()],
    ],
    ids=["flatten", "max", "average", "global average", "global max", "crop and up", "norm"],
)
def test_layers_without_units_pass_units_on(layers, filled, dead, unread, same):
    model = filled(between(*layers()))
    dead(model.get_layer("a"), [0], bias=0.8)
    places = width(model, "a")
    unread(model.get_layer("b"), list(range(2, model.get_layer("b").kernel.shape[0], places)))
    smaller = remove_dead_units(model)
    assert width(smaller, "a") == 2
    assert smaller.get_layer("b").kernel.shape[0] * 2 == model.get_layer("b").kernel.shape[0]
    same(model, smaller)


def test_flattened_unit_stays_when_one_place_is_read(filled, unread, same):
    model = filled(between(L.Flatten(), shape=(3, 3, 1)))
    unread(model.get_layer("b"), [1, 2, 5, 6, 9, 10, 13])  # unit 1 is read in its last place yet
    kernel, bias = model.get_layer("b").get_weights()
    kernel[14] = 0
    kernel[13] = 1
    model.get_layer("b").set_weights([kernel, bias])
    smaller = remove_dead_units(model)
    assert width(smaller, "a") == 3
    assert smaller.get_layer("b").kernel.shape[0] == 4 * 3
    same(model, smaller)


def test_padding_with_zeros_ends_other_constants(filled, dead, same):
    model = filled(between(L.ZeroPadding2D(1), L.Flatten(), shape=(3, 3, 1)))
    dead(model.get_layer("a"), [0], bias=0.8)
    dead(model.get_layer("a"), [1], bias=-0.8)
    smaller = remove_dead_units(model)
    assert width(smaller, "a") == 3
    same(model, smaller)


def test_normalization_makes_constants_and_is_cut_to_size(filled, same, plain):
    model = filled(
        chain(
            (3,),
            Dense(4, name="a"),
            L.BatchNormalization(name="norm"),
            L.ReLU(),
            Dense(2, name="b"),
        )
    )
    gamma, beta, *statistics = model.get_layer("norm").get_weights()
    gamma[1], beta[1] = 0, 0.9
    model.get_layer("norm").set_weights([gamma, beta, *statistics])
    smaller = remove_dead_units(model)
    assert width(smaller, "a") == 3
    for old, new in zip(
        model.get_layer("norm").get_weights(), smaller.get_layer("norm").get_weights(), strict=True
    ):
        assert np.array_equal(np.delete(old, 1), new)
    same(model, smaller)


@pytest.mark.parametrize("options", [{"scale": False}, {"center": False}, {"renorm": True}])
@pytest.mark.long
def test_normalization_of_other_options(options, filled, dead, same):
    norm = L.BatchNormalization(name="norm", **options)
    model = filled(chain((3,), Dense(4, name="a"), norm, Dense(2, name="b")))
    dead(model.get_layer("a"), [2])
    smaller = remove_dead_units(model)
    assert width(smaller, "a") == 3
    for old, new in zip(norm.weights, smaller.get_layer("norm").weights, strict=True):
        expected = keras.ops.convert_to_numpy(old)
        expected = np.delete(expected, 2) if expected.shape == (4,) else expected
        assert np.array_equal(expected, keras.ops.convert_to_numpy(new))
    same(model, smaller)


def test_several_readers_of_one_layer(filled, dead, unread, same):
    inputs = keras.Input((5, 2))
    x = Conv1D(5, 2, name="a")(inputs)
    ends = [Conv1D(2, 2, name="b")(x), Conv1D(3, 2, padding="same", name="c")(x)]
    model = filled(keras.Model(inputs, ends))
    dead(model.get_layer("a"), [0], bias=0.8)  # stays: one reader pads
    dead(model.get_layer("a"), [1], bias=0.0)
    unread(model.get_layer("b"), [2, 3])  # 2 is read by the other
    unread(model.get_layer("c"), [3])
    smaller = remove_dead_units(model)
    assert width(smaller, "a") == 3
    same(model, smaller)


def test_unit_that_is_an_output_stays(filled, dead, same):
    inputs = keras.Input((3,))
    x = Dense(4, activation="relu", name="a")(inputs)
    model = filled(keras.Model(inputs, {"hidden": x, "out": Dense(2, name="b")(x)}))
    dead(model.get_layer("a"), [1])
    smaller = remove_dead_units(model)
    assert width(smaller, "a") == 4
    assert set(smaller.output) == {"hidden", "out"}
    same(model, smaller)


def test_branches_that_meet_at_the_end_are_outputs(filled, dead, same):
    inputs, other = keras.Input((3,)), keras.Input((2,))
    x = Dense(2, name="b")(Dense(4, activation="relu", name="a")(inputs))
    model = filled(keras.Model([inputs, other], L.Add()([x, Dense(2, name="c")(other)])))
    dead(model.get_layer("a"), [1])
    dead(model.get_layer("c"), [0])
    smaller = remove_dead_units(model)
    assert (width(smaller, "a"), width(smaller, "c")) == (3, 2)
    same(model, smaller)


def test_models_within_models(filled, dead, same):
    inner = keras.Sequential([keras.Input((3,)), Dense(4, name="a"), Dense(3, name="b")])
    middle = chain((3,), L.Rescaling(0.5), inner)
    middle.name = "middle"
    model = filled(chain((3,), middle, Dense(4, name="c"), Dense(2, name="d")))
    dead(inner.get_layer("a"), [1])
    dead(model.get_layer("c"), [0, 2])
    assert unsupported_layers(model) == {}
    smaller = remove_dead_units(model)
    assert smaller.get_layer("middle").layers[-1].get_layer("a").units == 3
    assert width(smaller, "c") == 2
    same(model, smaller)
    report = {entry.name: entry for entry in dead_unit_report(model)}
    assert report[f"middle/{inner.name}/a"].constant == 1


def test_embedding_stays_and_feeds(filled, dead, same, rng):
    model = filled(
        chain(
            (6,),
            L.Embedding(9, 4, name="words"),
            Conv1D(5, 3, activation="relu", name="a"),
            L.GlobalMaxPooling1D(),
            Dense(2, name="b"),
        )
    )
    dead(model.get_layer("a"), [1, 4])
    smaller = remove_dead_units(model)
    assert width(smaller, "a") == 3
    same(model, smaller, rng.integers(0, 9, (5, 6)))


def test_flatten_of_open_axes_at_the_end(filled, dead):
    model = filled(chain((None, 2), Dense(3, name="a"), Dense(2, name="b"), L.Flatten()))
    dead(model.get_layer("a"), [1])
    assert width(remove_dead_units(model), "a") == 2


@pytest.mark.parametrize("policy", ["mixed_bfloat16", _long("float16")])
def test_narrow_policies(policy, filled, dead, plain, rng):
    layers = [Dense(4, "relu", dtype=policy, name="a"), Dense(2, dtype=policy, name="b")]
    model = filled(chain((3,), *layers))
    dead(model.get_layer("a"), [1])
    smaller = remove_dead_units(model)
    assert width(smaller, "a") == 3
    assert smaller.get_layer("a").dtype_policy.name == policy
    x = rng.normal(size=(4, 3)).astype("float32")
    outputs = [plain(one(x)).astype("float32") for one in (model, smaller)]
    np.testing.assert_allclose(*outputs, atol=0.05)

import functools

import keras
import numpy as np
import pytest

from kerasdl.compress import dead_unit_report, remove_dead_units, unsupported_layers
from kerasdl.errors import UserError
from kerasdl.layers import LSTM
from kerasdl.regularizers import ParameterTying

pytestmark = pytest.mark.first

L = keras.layers
# random initial weights, which are replaced anyway, take longer than all the rest
Dense = functools.partial(L.Dense, kernel_initializer="zeros")


@pytest.fixture
def around(filled, dead):
    """`around(call, shape)`: dense `a`, whatever `call` makes of it, dense `b`; one dead unit."""

    def make(call, shape=(4, 3)):
        inputs = keras.Input(shape)
        x = call(Dense(4, name="a")(inputs), inputs)
        model = filled(keras.Model(inputs, Dense(2, name="b")(x)))
        dead(model.get_layer("a"), [1])
        return model

    return make


class Doubled(L.Layer):
    """A layer that nobody knows."""

    def call(self, inputs):
        return 2 * inputs


@keras.saving.register_keras_serializable(package="test_refusals")
class OwnCall(keras.Model):
    """A functional model whose `call` is another one."""

    def call(self, inputs, training=False):
        return super().call(2 * inputs)


def _twice(x, _):
    layer = Dense(4, name="s")
    return layer(layer(x))


def _normalized_twice(x, _):
    layer = L.BatchNormalization(name="s")
    return layer(layer(x))


def _inner(x, _, **arguments):
    first = keras.Input(x.shape[1:])
    return keras.Model(first, Dense(3)(L.Dropout(0.5)(first)), name="s")(x, **arguments)


CASES = {
    "add": (lambda x, i: L.Add(name="s")([x, Dense(4)(i)]), r"merges branches \(Add\)"),
    "concatenate": (lambda x, i: L.Concatenate(name="s")([x, i]), r"branches \(Concatenate\)"),
    "shared": (_twice, "is shared: it is called 2 times"),
    "shared normalization": (_normalized_twice, "is shared: it is called 2 times"),
    "recurrent": (lambda x, _: L.LSTM(2, name="s")(x), r"is recurrent \(LSTM\)"),
    "own recurrent": (lambda x, _: LSTM(2, name="s")(x), "is "),
    "bidirectional": (lambda x, _: L.Bidirectional(L.GRU(2), name="s")(x), "is recurrent"),
    "attention": (
        lambda x, i: L.MultiHeadAttention(1, 2, name="s")(x, i),
        r"not supported \(MultiHeadAttention\)",
    ),
    "layer normalization": (lambda x, _: L.LayerNormalization(name="s")(x), "not supported"),
    "normalization of places": (lambda x, _: L.BatchNormalization(1, name="s")(x), "not supp"),
    "depthwise": (lambda x, _: L.DepthwiseConv1D(2, name="s")(x), "not supported"),
    "groups": (lambda x, _: L.Conv1D(4, 2, groups=2, name="s")(x), "in 2 groups"),
    "channels first": (
        lambda x, _: L.Conv1D(4, 2, data_format="channels_first", name="s")(x),
        "has its channels first",
    ),
    "pooling of channels": (
        lambda x, _: L.MaxPooling1D(2, data_format="channels_first", name="s")(x),
        "not supported",
    ),
    "reshape": (lambda x, _: L.Reshape((2, 8), name="s")(x), "not supported"),
    "operation": (lambda x, _: keras.ops.add(x, 1.0), r"is an operation \(Add\)"),
    "unknown": (lambda x, _: Doubled(name="s")(x), r"not supported \(Doubled\)"),
    "model within": (_inner, "is a model within the model, fed by units"),
    "model in training": (lambda x, i: _inner(x, i, training=True), "training=True"),
    "dropout in training": (lambda x, _: L.Dropout(0.5, name="s")(x, training=True), "training="),
    "normalization in training": (
        lambda x, _: L.BatchNormalization(name="s")(x, training=True),
        "training=True",
    ),
    "tied": (
        lambda x, _: Dense(2, name="s", kernel_regularizer=ParameterTying(np.ones((4, 2))))(x),
        "has the kernel_regularizer ParameterTying",
    ),
}


FIRST = {
    *("add", "concatenate", "shared", "recurrent", "attention", "layer normalization"),
    *("operation", "unknown", "model within", "dropout in training", "tied", "groups"),
}


@pytest.mark.parametrize(
    "case", [c if c in FIRST else pytest.param(c, marks=pytest.mark.long) for c in CASES]
)
def test_structure_is_refused_with_the_reason(case, around):
    call, reason = CASES[case]
    model = around(call)
    name = "add" if case == "operation" else "s"
    with pytest.raises(UserError, match=f"layer '{name}\\w*' .*{reason}.*on_unsupported='keep'"):
        remove_dead_units(model)
    assert any(key.startswith(name) for key in unsupported_layers(model))


RANDOM = {"model in training", "dropout in training"}
NOT_ON_CPU = {"channels first", "pooling of channels"}
QUICK = {"shared", "operation", "model within"}


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, marks=[] if case in QUICK else pytest.mark.long)
        for case in CASES
        if case not in RANDOM | NOT_ON_CPU
    ],
)
def test_structure_is_kept_when_asked_for(case, around, same, dead):
    def call(x, inputs):
        return Dense(3, name="late")(Dense(5, name="cut")(CASES[case][0](x, inputs)))

    model = around(call)
    dead(model.get_layer("cut"), [0, 3])
    kept = remove_dead_units(model, on_unsupported="keep")
    assert kept.get_layer("a").units == 4
    assert kept.get_layer("cut").units == 3
    if case != "normalization in training":
        same(model, kept)


def test_normalization_called_for_inference_is_supported(around, same):
    model = around(lambda x, _: L.BatchNormalization(name="s")(x, training=False))
    smaller = remove_dead_units(model)
    assert smaller.get_layer("a").units == 3
    same(model, smaller)


def test_layer_that_reads_what_it_made_before(filled, dead, same):
    # a -> shared -> b -> c -> shared -> out, where b and c lie between the two calls
    inputs = keras.Input((3,))
    shared = Dense(4, name="shared")
    x = shared(Dense(5, name="a")(inputs))
    x = Dense(5, name="c")(Dense(6, name="b")(x))
    model = filled(keras.Model(inputs, Dense(2, name="out")(shared(x))))
    dead(model.get_layer("a"), [0])
    dead(model.get_layer("b"), [1, 2])
    with pytest.raises(UserError, match="layer 'shared' is shared"):
        remove_dead_units(model)
    kept = remove_dead_units(model, on_unsupported="keep")
    assert [kept.get_layer(name).units for name in ("a", "b", "c")] == [5, 4, 5]
    same(model, kept)


def test_lora_is_refused(around):
    model = around(lambda x, _: Dense(3, name="s")(x))
    model.get_layer("s").enable_lora(1)
    assert "LoRA" in unsupported_layers(model)["s"]


def test_constraint_that_needs_the_shape_is_refused(around):
    class Fixed(keras.constraints.Constraint):
        def __call__(self, w):
            return w * np.ones((4, 3), "float32")

    model = around(lambda x, _: Dense(3, name="s", kernel_constraint=Fixed())(x))
    assert "kernel_constraint Fixed" in unsupported_layers(model)["s"]
    tied = ParameterTying(np.ones(4))
    model = around(lambda x, _: L.BatchNormalization(gamma_regularizer=tied, name="s")(x))
    assert set(unsupported_layers(model)) == {"s"}


def test_models_without_a_known_graph_are_refused():
    class Subclass(keras.Model):
        def call(self, inputs):
            return inputs

    inputs = keras.Input((2,))
    own = OwnCall(inputs, Dense(2)(inputs), name="own")
    empty = keras.Sequential([Dense(2)], name="empty")
    for model in (Subclass(name="sub"), own, empty, Dense(2, name="layer")):
        for call in (remove_dead_units, dead_unit_report, unsupported_layers):
            with pytest.raises(UserError, match=f"`model` must be .*Received: .*{model.name}"):
                call(model)

import keras
import numpy as np
import pytest

from kerasdl.errors import UserError
from kerasdl.layers import WeightNormalization
from kerasdl.regularizers import WeightElimination, apply_regularizer

L = keras.layers


@pytest.fixture
def model():
    """Two dense layers with a batch normalization between them."""
    inputs = keras.Input((3,))
    hidden = L.BatchNormalization(name="norm")(L.Dense(4, name="a")(inputs))
    return keras.Model(inputs, L.Dense(2, name="b")(hidden))


def _long(*case):
    return pytest.param(*case, marks=pytest.mark.long)


def regularized(model):
    """Paths of the weights that have a regularizer."""
    return {v.path for v in model.trainable_variables if v.regularizer is not None}


def test_biases_and_normalization_are_left_out(model, plain):
    assert apply_regularizer(model, keras.regularizers.L2(0.1)) == ["a/kernel", "b/kernel"]
    assert regularized(model) == {"a/kernel", "b/kernel"}
    kernels = [model.get_layer(name).get_weights()[0].astype("float64") for name in "ab"]
    expected = sum(0.1 * np.sum(kernel**2) for kernel in kernels)
    np.testing.assert_allclose(float(plain(sum(model.losses))), expected, rtol=1e-5)


def test_biases_and_normalization_are_taken_when_asked_for(model):
    apply_regularizer(model, "l1", biases=True)
    assert regularized(model) == {"a/kernel", "a/bias", "b/kernel", "b/bias"}
    assert model.get_layer("a").bias_regularizer is not None
    apply_regularizer(model, "l1", normalization=True)
    assert {"norm/gamma", "norm/beta"} <= regularized(model)
    assert model.get_layer("norm").gamma_regularizer is not None


def test_patterns_leave_weights_as_they_are(model):
    apply_regularizer(model, "l1")
    before = model.get_layer("a").kernel.regularizer
    assert apply_regularizer(model, "l2", exclude=["a/*"]) == ["b/kernel"]
    assert model.get_layer("a").kernel.regularizer is before
    assert apply_regularizer(model, None, exclude=["?/kernel"]) == []


def test_wrong_patterns_are_refused(model):
    with pytest.raises(UserError, match=r"`exclude` must be a list.*exclude='a/\*'"):
        apply_regularizer(model, "l2", exclude="a/*")
    with pytest.raises(UserError, match=r"`exclude` must have patterns that fit.*'a/kernal'.*mean"):
        apply_regularizer(model, "l2", exclude=["a/kernal"])
    assert regularized(model) == set()


def test_model_is_refused_when_not_built():
    with pytest.raises(UserError, match="`model` must be built.*Received: 'empty'"):
        apply_regularizer(keras.Sequential([L.Dense(2)], name="empty"), "l2")


def test_unknown_regularizer_is_refused(model):
    with pytest.raises(ValueError, match="l3"):
        apply_regularizer(model, "l3")


def test_frozen_weights_are_left_out(model):
    model.get_layer("a").trainable = False
    assert apply_regularizer(model, "l2") == ["b/kernel"]


def test_none_removes_what_there_is(model, reloaded):
    apply_regularizer(model, "l2")
    assert apply_regularizer(model, None) == ["a/kernel", "b/kernel"]
    assert model.losses == []
    assert regularized(reloaded(model)) == set()


def test_compiled_steps_are_compiled_anew(model):
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(8, 3)).astype("float32"), rng.normal(size=(8, 2)).astype("float32")
    model.compile(keras.optimizers.SGD(0.0), "mse")

    def losses():
        trained = float(model.train_on_batch(x, y))
        return np.array([trained, float(model.test_on_batch(x, y))])

    model.get_layer("norm").momentum = 1.0
    without = losses()
    model.get_layer("a").kernel.assign(np.ones((3, 4)))
    model.get_layer("b").kernel.assign(np.ones((4, 2)))
    without = losses()
    apply_regularizer(model, keras.regularizers.L1(0.5))
    np.testing.assert_allclose(losses() - without, 0.5 * (12 + 8), rtol=1e-5)
    apply_regularizer(model, None)
    np.testing.assert_allclose(losses(), without, rtol=1e-5)


def test_regularizer_is_saved_with_the_model(model, reloaded):
    apply_regularizer(model, WeightElimination(0.25, scale=3.0))
    copy = reloaded(model)
    assert regularized(copy) == {"a/kernel", "b/kernel"}
    config = {"strength": 0.25, "scale": 3.0}
    assert copy.get_layer("b").kernel_regularizer.get_config() == config
    assert keras.models.clone_model(model).get_layer("a").kernel.regularizer is not None


@pytest.mark.parametrize(
    ("make", "shape", "expected"),
    [
        _long(lambda: L.LSTM(2), (4, 3), {"kernel", "recurrent_kernel"}),
        _long(lambda: L.Bidirectional(L.GRU(2)), (4, 3), {"kernel", "recurrent_kernel"}),
        _long(lambda: L.TimeDistributed(L.Dense(2)), (4, 3), {"kernel"}),
        _long(lambda: L.SeparableConv1D(2, 2), (4, 3), {"depthwise_kernel", "pointwise_kernel"}),
        (lambda: L.DepthwiseConv1D(2), (4, 3), {"kernel"}),
        (lambda: L.Embedding(5, 2), (4,), {"embeddings"}),
        (lambda: L.EinsumDense("ab,bc->ac", 2, bias_axes="c"), (3,), {"kernel"}),
        (lambda: WeightNormalization(L.Dense(2)), (3,), {"kernel"}),
        (lambda: L.LayerNormalization(), (3,), set()),
    ],
    ids=lambda value: "" if callable(value) else None,
)
def test_layers_of_other_kinds_keep_it_in_their_file(make, shape, expected, reloaded):
    inputs = keras.Input(shape)
    model = keras.Model(inputs, make()(inputs))
    paths = apply_regularizer(model, "l2")
    assert regularized(model) == set(paths)
    assert len(paths) == len(set(paths))
    for one in (model, reloaded(model)):
        assert {v.name for v in one.trainable_variables if v.regularizer is not None} == expected


def test_nested_models_are_reached(model, reloaded):
    inputs = keras.Input((3,))
    outer = keras.Model(inputs, L.Dense(1, name="c")(model(inputs)))
    apply_regularizer(outer, "l2")
    for one in (outer, reloaded(outer)):
        ends = {"/".join(path.split("/")[-2:]) for path in regularized(one)}
        assert ends == {"a/kernel", "b/kernel", "c/kernel"}


@pytest.mark.long
def test_composite_layers_must_be_treated_again_after_loading(reloaded):
    inputs = keras.Input((4, 3))
    model = keras.Model(inputs, L.MultiHeadAttention(1, 2)(inputs, inputs))
    assert len(apply_regularizer(model, "l2")) == 4
    assert len(regularized(model)) == 4
    copy = reloaded(model)
    assert regularized(copy) == set()
    assert len(apply_regularizer(copy, "l2")) == 4

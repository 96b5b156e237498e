import keras
import numpy as np
import pytest

from kerasdl.backend.gradients import value_and_gradients
from kerasdl.errors import UserError
from kerasdl.regularizers import ParameterTying

PENALTY = 0.5 * 3 * 4 * (3.0 - 1.0) ** 2


@pytest.fixture
def tied():
    """`tied(reference_first)`: two dense layers side by side, of ones and threes, one tied."""

    def make(reference_first=True):
        inputs = keras.Input((3,), name="in")
        ones = keras.layers.Dense(4, kernel_initializer="ones", name="ones")
        threes = keras.layers.Dense(
            4,
            kernel_initializer=keras.initializers.Constant(3.0),
            kernel_regularizer=ParameterTying(ones, strength=0.5),
            name="threes",
        )
        layers = [ones, threes] if reference_first else [threes, ones]
        return keras.Model(inputs, [layer(inputs) for layer in layers])

    return make


def test_penalty_is_the_distance_from_an_array(rng, plain, gradient):
    w, reference = rng.normal(size=(2, 5, 3))
    regularizer = ParameterTying(reference, strength=0.25)
    np.testing.assert_allclose(
        plain(regularizer(w.astype("float32"))), 0.25 * np.sum((w - reference) ** 2), rtol=1e-5
    )
    np.testing.assert_allclose(gradient(regularizer, w), 0.5 * (w - reference), atol=1e-6)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_penalty_of_narrow_weights_does_not_overflow(dtype, plain):
    w = keras.ops.full((200, 100), 4.0, dtype=dtype)
    penalty = plain(ParameterTying(np.zeros((200, 100)), strength=1.0)(w))
    np.testing.assert_allclose(penalty, 320_000)


def test_array_survives_the_config():
    reference = np.array([[0.1, -2.0]], "float32")
    config = ParameterTying(reference, strength=0.5).get_config()
    assert config == {"reference": reference.tolist(), "strength": 0.5, "weight": "kernel"}
    copy = ParameterTying.from_config(config)
    assert np.array_equal(np.float32(copy.reference), reference)


def test_both_layers_are_drawn_together(tied, plain):
    model = tied()
    kernels = [model.get_layer(name).kernel for name in ("ones", "threes")]
    loss, gradients = value_and_gradients(lambda: sum(model.losses), kernels)
    ones, threes = (keras.ops.convert_to_numpy(value) for value in gradients)
    np.testing.assert_allclose(float(plain(loss)), PENALTY)
    np.testing.assert_allclose(ones, np.full((3, 4), -2.0))
    np.testing.assert_allclose(threes, np.full((3, 4), 2.0))


def test_tied_layers_meet_in_training(tied):
    model = tied()
    model.compile(keras.optimizers.SGD(0.1), ["mse", "mse"], loss_weights=[0.0, 0.0])
    x, y = np.zeros((1, 3), "float32"), np.zeros((1, 4), "float32")
    for _ in range(3):
        model.train_on_batch(x, [y, y])
    # gradients 0.5 * 2 * d and its opposite: the distance shrinks by 1 - 2 * 0.1 in each step
    ones, threes = (model.get_layer(name).get_weights()[0] for name in ("ones", "threes"))
    np.testing.assert_allclose(threes - ones, np.full((3, 4), 2 * 0.8**3), rtol=1e-5)
    np.testing.assert_allclose(threes + ones, np.full((3, 4), 4.0), rtol=1e-5)


@pytest.mark.parametrize("reference_first", [True, False])
def test_file_keeps_the_tie(reference_first, tied, reloaded, plain):
    model = reloaded(tied(reference_first))
    ones, threes = model.get_layer("ones"), model.get_layer("threes")
    assert threes.kernel_regularizer.reference is ones
    np.testing.assert_allclose(float(plain(sum(model.losses))), PENALTY)
    ones.kernel.assign(threes.kernel)
    assert float(plain(sum(model.losses))) == 0.0


def test_tie_survives_a_second_file(tied, reloaded):
    model = reloaded(reloaded(tied()))
    assert model.get_layer("threes").kernel_regularizer.reference is model.get_layer("ones")


def test_clone_raises_until_the_reference_is_set(tied, plain):
    model = tied()
    clone = keras.models.clone_model(model)
    with pytest.raises(UserError, match="'ones' has no weight 'kernel'.*set `reference`"):
        _ = clone.losses
    clone.get_layer("threes").kernel_regularizer.reference = clone.get_layer("ones")
    clone.set_weights(model.get_weights())
    np.testing.assert_allclose(float(plain(sum(clone.losses))), PENALTY)


def test_weight_of_another_name_is_found(plain):
    layer = keras.layers.Dense(2, bias_initializer="ones")
    layer.build((None, 3))
    regularizer = ParameterTying(layer, strength=1.0, weight="bias")
    assert float(plain(regularizer(np.array([1.0, 4.0], "float32")))) == 9.0


def test_shapes_are_refused_when_different():
    with pytest.raises(UserError, match=r"`reference` must.*Expected: \(3,\), received: \(2,\)"):
        ParameterTying([1.0, 2.0])(np.zeros(3, "float32"))


def test_variable_is_refused_as_reference():
    variable = keras.Variable([1.0], name="anchor")
    with pytest.raises(UserError, match="`reference` must be an array, or the layer.*anchor"):
        ParameterTying(variable)


@pytest.mark.parametrize("strength", [-1, float("nan"), float("inf"), None])
def test_strength_is_refused_when_wrong(strength):
    with pytest.raises(UserError, match=f"`strength` must be .*Received: strength={strength}"):
        ParameterTying([0.0], strength=strength)

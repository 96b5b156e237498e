import keras
import numpy as np
import pytest

from kerasdl.layers.tied_dense import TiedDense


def autoencoder():
    tied = TiedDense(2, activation="tanh", name="tied")
    inputs = keras.Input((5,))
    return keras.Model(inputs, tied(tied(inputs), reverse=True))


def test_auto_encoder_with_one_kernel_learns_as_by_hand(array):
    x, model = array(6, 5), autoencoder()
    kernel, bias, reverse_bias = (array(*v.shape) for v in model.trainable_variables)
    model.set_weights([kernel, bias, reverse_bias])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    model.train_on_batch(x, x)

    x = x.astype("float64")
    code = np.tanh(x @ kernel + bias)
    slope = 2 * (code @ kernel.T + reverse_bias - x) / x.size
    code_slope = (slope @ kernel) * (1 - code**2)
    expected = [
        kernel - 0.1 * (x.T @ code_slope + slope.T @ code),  # both uses
        bias - 0.1 * code_slope.sum(0),
        reverse_bias - 0.1 * slope.sum(0),
    ]
    for value, wanted in zip(model.get_weights(), expected, strict=True):
        np.testing.assert_allclose(value, wanted, rtol=1e-4, atol=1e-6)


def test_tie_survives_save_and_clone(tmp_path, array):
    model = autoencoder()
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    x = array(3, 5)
    expected = model.predict(x, verbose=0)
    np.testing.assert_allclose(loaded.predict(x, verbose=0), expected, rtol=1e-6)
    for copy in (loaded, keras.models.clone_model(model)):
        assert [v.name for v in copy.trainable_variables] == ["kernel", "bias", "reverse_bias"]


def test_layer_may_begin_backwards_where_its_size_is_given(array):
    tied = TiedDense(4, input_size=3, use_bias=False)
    h = array(2, 4)
    outputs = keras.ops.convert_to_numpy(tied(h, reverse=True))
    kernel = keras.ops.convert_to_numpy(tied.kernel).astype("float64")
    np.testing.assert_allclose(outputs, h @ kernel.T, rtol=1e-5, atol=1e-6)


def test_mask_is_passed_on(array):
    masked = keras.layers.Masking()(np.array([[[1.0, 2.0], [0.0, 0.0]]]))
    taken = keras.layers.GlobalAveragePooling1D()(TiedDense(3, name="tied")(masked))
    tied = TiedDense(3)
    outputs = tied(masked)
    pooled = keras.layers.GlobalAveragePooling1D()(outputs)
    np.testing.assert_allclose(
        keras.ops.convert_to_numpy(pooled)[0], keras.ops.convert_to_numpy(outputs)[0, 0], rtol=1e-6
    )
    assert taken.shape == (1, 3)


def test_bad_arguments_and_shapes_are_named(array):
    with pytest.raises(ValueError, match="`units` must be a positive integer. Received: units=0"):
        TiedDense(0)
    with pytest.raises(ValueError, match="`input_size` must be a positive integer"):
        TiedDense(2, input_size=-1)
    tied = TiedDense(4)
    tied(array(2, 3))
    with pytest.raises(ValueError, match=r"\(\.\.\., U\) with U=4 .* Received: shape=\(2, 3\)"):
        tied(array(2, 3), reverse=True)

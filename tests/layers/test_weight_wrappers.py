"""Wrappers that change a layer's weights: DropConnect and weight normalization."""

import keras
import numpy as np
import pytest

from kerasdl.errors import UserError
from kerasdl.layers import LSTM, WeightDrop, WeightNormalization


def test_drops_single_weights_once_a_batch(array, plain):
    layer = WeightDrop(keras.layers.Dense(40, use_bias=False), 0.3, ["kernel"], seed=1)
    eye = np.eye(50, dtype="float32")
    outputs = plain(layer(eye, training=True))
    kernel = plain(layer.layer.kernel)
    kept = outputs != 0
    np.testing.assert_allclose(outputs[kept], kernel[kept] / 0.7, rtol=1e-5)
    assert abs(kept.mean() - 0.7) < 0.05
    assert (plain(layer(eye, training=True)) != outputs).any()
    np.testing.assert_array_equal(plain(layer(eye)), kernel)
    np.testing.assert_array_equal(plain(layer.layer.kernel), kernel)


def test_a_dropped_recurrent_kernel_is_the_same_at_every_step(array, plain):
    """All that is dropped is found again in a plain LSTM with the dropped kernel."""
    wrapped = WeightDrop(LSTM(3, return_sequences=True), 0.5, seed=2)
    inputs = array(2, 6, 2)
    wrapped.build(inputs.shape)
    outputs = plain(wrapped(inputs, training=True))
    twin = LSTM(3, return_sequences=True)
    twin.build(inputs.shape)
    kernel, recurrent, bias = wrapped.layer.get_weights()
    seed = keras.random.SeedGenerator(2)
    dropped = plain(keras.random.dropout(keras.ops.array(recurrent), 0.5, seed=seed))
    assert 0 < (dropped == 0).mean() < 1
    twin.set_weights([kernel, dropped, bias])
    np.testing.assert_allclose(outputs, plain(twin(inputs)), rtol=1e-5, atol=1e-6)
    twin.set_weights([kernel, recurrent, bias])
    np.testing.assert_allclose(plain(wrapped(inputs)), plain(twin(inputs)), rtol=1e-6)


def test_dropped_weights_get_no_gradient(array, plain):
    inputs = keras.Input((4,))
    layer = WeightDrop(keras.layers.Dense(5, use_bias=False), 0.5, ["kernel"], seed=1)
    model = keras.Model(inputs, layer(inputs))
    model.compile(keras.optimizers.SGD(1.0), "mse")
    before = model.get_weights()[0]
    model.train_on_batch(array(3, 4), array(3, 5))
    still = model.get_weights()[0] == before
    assert 0.2 < still.mean() < 0.8


def test_a_wrapped_layer_keeps_its_updates_and_losses(array, plain):
    """Moving averages, seeds and losses of the layer work as without the wrapper."""

    class Inner(keras.layers.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.dense = keras.layers.Dense(3, activity_regularizer="l2")
            self.norm = keras.layers.BatchNormalization()

        def build(self, shape):
            self.dense.build(shape)
            self.norm.build((None, 3))

        def call(self, inputs, training=None):
            return self.norm(self.dense(inputs))

        def compute_output_shape(self, shape):
            return (shape[0], 3)

    inputs = keras.Input((4,))
    layer = WeightDrop(Inner(), 0.2, ["kernel"])
    model = keras.Model(inputs, layer(inputs))
    model.compile("sgd", "mse")
    before = plain(layer.layer.norm.moving_mean).copy()
    loss = model.train_on_batch(array(8, 4), array(8, 3))
    assert np.abs(plain(layer.layer.norm.moving_mean) - before).min() > 0
    assert np.isfinite(loss)
    layer(array(8, 4), training=True)
    assert len(layer.losses) >= 1


def test_a_wrapped_layer_keeps_drawing(array, plain):
    inputs = np.ones((2, 3, 4), "float32")
    layer = WeightDrop(keras.layers.GRU(5, dropout=0.5, seed=1), 1e-6)
    one, other = (plain(layer(inputs, training=True)) for _ in range(2))
    assert np.abs(one - other).max() > 1e-3


def test_passes_lengths_on(array, plain):
    inputs, lengths = array(3, 5, 2), np.array([5, 2, 1])
    wrapped = WeightDrop(LSTM(3, bidirectional=True), 0.5)
    outputs = wrapped(inputs, lengths=lengths)
    expected = wrapped.layer(inputs, lengths=lengths)
    np.testing.assert_allclose(plain(outputs), plain(expected), rtol=1e-6)
    assert wrapped(inputs, lengths=lengths, training=True).shape == (3, 6)


def test_weight_normalization_equals_pytorch(array, plain):
    torch = pytest.importorskip("torch")
    inputs = array(3, 4)
    layer = WeightNormalization(keras.layers.Dense(5))
    layer.build(inputs.shape)
    kernel, bias, length = array(4, 5), array(5), np.abs(array(5)) + 0.1
    layer.layer.set_weights([kernel, bias])
    layer.lengths[0].assign(length)
    theirs = torch.nn.utils.parametrizations.weight_norm(torch.nn.Linear(4, 5))
    with torch.no_grad():
        theirs.parametrizations.weight.original0.copy_(torch.tensor(length[:, None]))
        theirs.parametrizations.weight.original1.copy_(torch.tensor(kernel.T))
        theirs.bias.copy_(torch.tensor(bias))
        expected = theirs(torch.tensor(inputs)).numpy()
    np.testing.assert_allclose(plain(layer(inputs)), expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(
        plain(layer.normalized()[0]), kernel * length / np.linalg.norm(kernel, axis=0), rtol=1e-5
    )


def test_weight_normalization_starts_as_the_layer_was(array, plain):
    inputs = array(2, 6, 6, 3)
    inner = keras.layers.Conv2D(4, 3)
    expected = plain(inner(inputs))
    np.testing.assert_allclose(
        plain(WeightNormalization(inner)(inputs)), expected, rtol=1e-5, atol=1e-6
    )


def test_weight_normalization_of_a_fused_layer(array, plain):
    layer = WeightNormalization(LSTM(3), ["kernel", "recurrent_kernel"])
    expected = plain(layer(array(2, 4, 2)))
    assert expected.shape == (2, 3) and len(layer.lengths) == 2
    layer.lengths[0].assign(plain(layer.lengths[0]) * 2)
    (kernel, recurrent), raw = layer.normalized(), layer.layer.get_weights()
    np.testing.assert_allclose(plain(kernel), 2 * raw[0], rtol=1e-5)
    np.testing.assert_allclose(plain(recurrent), raw[1], rtol=1e-5)


@pytest.mark.parametrize("make", [lambda *a: WeightDrop(a[0], 0.5, a[1]), WeightNormalization])
def test_says_which_weights_there_are(make):
    layer = make(keras.layers.Dense(2), ["recurrent_kernel"])
    with pytest.raises(UserError, match="which are bias, kernel. Received: recurrent_kernel"):
        layer.build((None, 3))
    with pytest.raises(UserError, match="`weights` must be a list of names"):
        make(keras.layers.Dense(2), "kernel")

import keras
import numpy as np
import pytest

from kerasdl.backend import second_backward
from kerasdl.errors import UserError


def linear(optimizer, *layers, **compiled):
    """`mean((x w - y)^2)` with `w` of ones at first, behind `layers`."""
    inputs = keras.Input((3,))
    x = inputs
    for layer in layers:
        x = layer(x)
    head = keras.layers.Dense(1, use_bias=False, kernel_initializer="ones", name="head")
    model = keras.Model(inputs, head(x))
    model.compile(optimizer, loss="mse", **compiled)
    return model


def stay(weights, gradients):
    return [keras.ops.zeros_like(w) for w in weights]


@pytest.fixture
def batch(rng):
    return rng.normal(size=(6, 3)).astype("float32"), rng.normal(size=(6, 1)).astype("float32")


def test_gradient_is_taken_at_the_displaced_weights_and_the_step_at_the_weights(batch):
    x, y = batch
    model = linear(keras.optimizers.SGD(0.1))
    second_backward.install(
        model,
        lambda weights, gradients: [2.0 * w - g for w, g in zip(weights, gradients, strict=True)],
    )
    model.train_on_batch(x, y)

    def slope(w):
        return 2 * x.T @ (x @ w - y) / 6

    w = np.ones((3, 1))
    np.testing.assert_allclose(
        model.get_weights()[0], w - 0.1 * slope(w + 2 * w - slope(w)), rtol=1e-5, atol=1e-6
    )


def test_loss_and_metrics_are_those_of_the_first_pass(batch):
    x, y = batch
    model = linear(keras.optimizers.SGD(0.1), metrics=["mae"])
    second_backward.install(model, lambda weights, gradients: [w + 5 for w in weights])
    logs = model.train_on_batch(x, y, return_dict=True)
    error = x.sum(1, keepdims=True) - y
    assert logs["loss"] == pytest.approx((error**2).mean(), rel=1e-5)
    assert logs["mae"] == pytest.approx(np.abs(error).mean(), rel=1e-5)


def test_loss_of_an_epoch_weighs_batches_by_size(batch):
    x, y = batch
    model = linear(keras.optimizers.SGD(0.0))
    second_backward.install(model, stay)
    losses = model.fit(x, y, batch_size=4, verbose=0).history["loss"]
    assert losses[0] == pytest.approx(((x.sum(1, keepdims=True) - y) ** 2).mean(), rel=1e-5)


def test_moving_statistics_count_a_batch_once(batch):
    x, y = batch
    normalization = keras.layers.BatchNormalization(momentum=0.9)
    model = linear(keras.optimizers.SGD(0.1), normalization)
    second_backward.install(model, stay)
    model.train_on_batch(x, y)
    mean = keras.ops.convert_to_numpy(normalization.moving_mean)
    np.testing.assert_allclose(mean, 0.1 * x.mean(0), rtol=1e-4, atol=1e-6)


def test_both_passes_draw_the_same_dropout_as_a_plain_step(batch):
    x, y = batch
    plain, doubled = (
        linear(keras.optimizers.SGD(0.1), keras.layers.Dropout(0.5, seed=3)) for _ in range(2)
    )
    second_backward.install(doubled, stay)
    for _ in range(3):
        plain.train_on_batch(x, y)
        doubled.train_on_batch(x, y)
        np.testing.assert_allclose(doubled.get_weights()[0], plain.get_weights()[0], rtol=1e-5)
    assert not np.allclose(plain.get_weights()[0], 1.0, atol=1e-3)


def test_sample_weights_regularizers_and_clipping_are_those_of_keras(batch):
    x, y = batch
    importance = np.array([1, 0, 2, 0, 1, 3], "float32")
    models = []
    for _ in range(2):
        noisy = keras.layers.ActivityRegularization(l2=0.7)
        first = keras.layers.Dense(3, kernel_initializer="ones", name="first")
        model = linear(keras.optimizers.SGD(0.5, clipnorm=0.2), first, noisy)
        model.layers[-1].kernel_regularizer = keras.regularizers.L2(0.3)
        model.layers[-1].kernel.regularizer = model.layers[-1].kernel_regularizer
        models.append(model)
    plain, doubled = models
    second_backward.install(doubled, stay)
    for model in models:
        model.train_on_batch(x, y, sample_weight=importance)
    for actual, expected in zip(doubled.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-7)
    assert np.linalg.norm(plain.get_weights()[0] - 1) == pytest.approx(0.1, rel=1e-4)


def test_frozen_and_unused_weights_stay(batch):
    x, y = batch
    model = linear(keras.optimizers.SGD(0.1), keras.layers.Dense(3, name="first"))
    model.get_layer("first").trainable = False
    model.compile(keras.optimizers.SGD(0.1), loss="mse")
    before = model.get_weights()
    second_backward.install(model, lambda weights, gradients: [w * 0 + 1 for w in weights])
    model.train_on_batch(x, y)
    after = model.get_weights()
    np.testing.assert_array_equal(after[0], before[0])
    assert np.abs(after[2] - before[2]).max() > 1e-3


def test_installing_again_replaces_and_removing_restores(batch):
    x, y = batch
    model = linear(keras.optimizers.SGD(0.1))
    far = lambda weights, gradients: [w + 100.0 for w in weights]  # noqa: E731
    second_backward.install(model, far)
    second_backward.install(model, stay)
    model.train_on_batch(x, y)
    once = model.get_weights()[0]
    np.testing.assert_allclose(once, 1 - 0.2 * x.T @ (x.sum(1, keepdims=True) - y) / 6, rtol=1e-4)
    second_backward.install(model, far)
    second_backward.remove(second_backward.remove(model))
    model.set_weights([np.ones((3, 1))])
    model.train_on_batch(x, y)
    np.testing.assert_allclose(model.get_weights()[0], once, rtol=1e-6)


def test_model_with_a_training_step_of_its_own_is_refused():
    class Own(keras.Model):
        def train_step(self, *args):
            return {}

    with pytest.raises(
        UserError, match="`model` must train by Keras's own training step. Received: Own"
    ):
        second_backward.install(Own(), stay)


def test_override_points_of_keras_exist():
    """What this route stands on; if Keras moves it, this fails first."""
    assert callable(keras.Model.train_step)
    if keras.backend.backend() == "jax":
        assert callable(keras.Model.compute_loss_and_updates)
    model = linear("sgd")
    model.train_function = None
    assert model.compute_loss is not None and model.metrics[0].name == "loss"

import keras
import numpy as np
import pytest

from kerasdl.callbacks.weights_at_rest import WeightsAtRest
from kerasdl.optimizers import Lookahead, Nesterov, to_rest
from kerasdl.testing import check_callback

X = np.arange(24, dtype="float32").reshape(12, 2) / 24
Y = X[:, :1] - 2 * X[:, 1:] + 1
START = [np.array([[0.5], [0.3]]), np.array([0.1])]


def loss(weights):
    return float(((X.astype("float64") @ weights[0] + weights[1] - Y) ** 2).mean())


def slopes(weights, batch):
    error = X[batch].astype("float64") @ weights[0] + weights[1] - Y[batch]
    return [2 * X[batch].T @ error / len(error), 2 * error.mean(0)]


def textbook(steps, rate=0.05, momentum=0.9):
    """Weights and look-ahead points after each step; batches of 4 of 12 examples, in order."""
    weights, velocities, path = START, [0.0, 0.0], []
    for step in range(steps):
        batch = slice(4 * (step % 3), 4 * (step % 3) + 4)
        ahead = [w - momentum * v for w, v in zip(weights, velocities, strict=True)]
        gradients = slopes(ahead, batch)
        velocities = [momentum * v + rate * g for v, g in zip(velocities, gradients, strict=True)]
        weights = [w - v for w, v in zip(weights, velocities, strict=True)]
        ahead = [w - momentum * v for w, v in zip(weights, velocities, strict=True)]
        path.append((weights, ahead))
    return path


def linear(optimizer):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.set_weights(START)
    model.compile(optimizer, loss="mse")
    return model


def fit(model, epochs=1, callbacks=(), **kwargs):
    return model.fit(
        X,
        Y,
        batch_size=4,
        shuffle=False,
        epochs=epochs,
        verbose=0,
        callbacks=list(callbacks),
        **kwargs,
    )


def close(weights, expected):
    for actual, wanted in zip(weights, expected, strict=True):
        np.testing.assert_allclose(actual, wanted, rtol=1e-5, atol=1e-6)


class Recorder(keras.callbacks.Callback):
    """The weights that a callback sees at the end of each epoch."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def on_epoch_end(self, epoch, logs=None):
        self.seen.append(self.model.get_weights())


def test_validation_and_callbacks_see_the_weights_and_training_goes_on():
    model, recorder = linear(Nesterov(0.05)), Recorder()
    history = fit(
        model, 5, [WeightsAtRest(), recorder], validation_data=(X, Y), validation_freq=2
    ).history
    path = textbook(15)
    for epoch in range(5):
        close(recorder.seen[epoch], path[3 * epoch + 2][0])
    expected = [loss(path[5][0]), loss(path[11][0])]
    np.testing.assert_allclose(history["val_loss"], expected, rtol=1e-5)
    close(model.get_weights(), path[14][0])


def test_plain_fit_shows_the_look_ahead_point_inside_and_the_weights_at_its_end():
    model, recorder = linear(Nesterov(0.05)), Recorder()
    history = fit(model, 2, [recorder], validation_data=(X, Y)).history
    path = textbook(6)
    for epoch in range(2):
        close(recorder.seen[epoch], path[3 * epoch + 2][1])
        assert history["val_loss"][epoch] == pytest.approx(loss(path[3 * epoch + 2][1]), rel=1e-5)
    close(model.get_weights(), path[5][0])


def test_checkpoint_at_the_end_of_an_epoch_holds_the_weights_and_trains_on(tmp_path):
    saving = keras.callbacks.ModelCheckpoint(tmp_path / "{epoch}.keras")
    model = linear(Nesterov(0.05))
    fit(model, 4, [WeightsAtRest(), saving])
    path = textbook(12)
    for epoch in (1, 2, 3, 4):
        loaded = keras.saving.load_model(tmp_path / f"{epoch}.keras")
        close(loaded.get_weights(), path[3 * epoch - 1][0])
        assert loaded.evaluate(X, Y, verbose=0) == pytest.approx(
            loss(path[3 * epoch - 1][0]), rel=1e-5
        )
    resumed = keras.saving.load_model(tmp_path / "2.keras")
    fit(resumed, 2, [WeightsAtRest()])
    for actual, expected in zip(resumed.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(actual, expected)


def test_file_of_mid_epoch_holds_the_training_point_and_can_be_brought_to_rest(tmp_path):
    saving = keras.callbacks.ModelCheckpoint(tmp_path / "{batch}.keras", save_freq=2)
    fit(linear(Nesterov(0.05)), 1, [WeightsAtRest(), saving])
    loaded = keras.saving.load_model(tmp_path / "2.keras")
    weights, ahead = textbook(2)[1]
    close(loaded.get_weights(), ahead)
    to_rest(loaded.optimizer)
    close(loaded.get_weights(), weights)


def test_best_weights_restored_are_kept_and_trained_on_from():
    best = keras.callbacks.EarlyStopping("loss", mode="max", patience=1, restore_best_weights=True)
    model = linear(Nesterov(0.05))
    fit(model, 5, [WeightsAtRest(), best])
    close(model.get_weights(), textbook(3)[2][0])
    recorder = Recorder()
    fit(model, 1, [WeightsAtRest(), recorder])
    assert loss(recorder.seen[0]) < loss(textbook(3)[2][0])


def test_calls_of_evaluate_and_predict_with_it_see_the_weights():
    model = linear(Nesterov(0.05))
    for batch in range(3):
        model.train_on_batch(X[4 * batch : 4 * batch + 4], Y[4 * batch : 4 * batch + 4])
    weights, ahead = textbook(3)[2]
    assert model.evaluate(X, Y, verbose=0) == pytest.approx(loss(ahead), rel=1e-5)
    evaluated = model.evaluate(X, Y, verbose=0, callbacks=[WeightsAtRest()])
    assert evaluated == pytest.approx(loss(weights), rel=1e-5)
    predicted = model.predict(X, verbose=0, callbacks=[WeightsAtRest()])
    np.testing.assert_allclose(predicted, X @ weights[0] + weights[1], rtol=1e-5)


@pytest.mark.parametrize("optimizer", [keras.optimizers.SGD, lambda rate: Lookahead("sgd")])
def test_history_of_training_is_the_same_with_it(optimizer):
    plain, resting = linear(optimizer(0.05)), linear(optimizer(0.05))
    expected = fit(plain, 3).history["loss"]
    np.testing.assert_allclose(
        fit(resting, 3, [WeightsAtRest()]).history["loss"], expected, rtol=1e-6
    )
    close(resting.get_weights(), plain.get_weights())


def test_kit():
    check_callback(WeightsAtRest)

import keras
import numpy as np
import pytest

from kerasdl.callbacks import ActivationMonitor
from kerasdl.errors import UserError


def test_planted_dead_units_are_found(classifier, fit, data):
    model = classifier(width=8)
    bias = np.zeros(8, "float32")
    bias[:6] = -100
    model.layers[0].bias.assign(bias)
    monitor = ActivationMonitor(data[0])
    _, messages = fit(model, monitor, epochs=2)
    assert [(row.epoch, row.units, row.dead) for row in monitor.history] == [
        (0, 8, 0.75),
        (1, 8, 0.75),
    ]
    assert len(messages) == 1
    assert "75% of the 8 units of" in messages[0] and "h0 are dead" in messages[0]


def test_saturated_outputs_are_found(classifier, fit, data):
    wide = keras.initializers.RandomNormal(stddev=50.0, seed=1)
    model, monitor = classifier(activation="tanh", init=wide), ActivationMonitor(data[0])
    _, messages = fit(model, monitor)
    assert monitor.history[0].saturated > 0.9
    assert len(messages) == 1 and "of the outputs of" in messages[0]


@pytest.mark.first
def test_a_sound_network_is_not_warned_of_and_its_figures_are_true(classifier, fit, data, weights):
    for activation, margin in (("tanh", 0.3), ("sigmoid", 0.3), ("relu", 0.05)):
        model = classifier(activation=activation, width=8)
        monitor = ActivationMonitor(data[0], margin=margin, limit=0.9)
        _, messages = fit(model, monitor)
        kernel, bias = (value.astype("float64") for value in weights(model)[:2])
        z = data[0] @ kernel + bias
        if activation == "relu":
            dead, saturated = (z <= 0).all(axis=0).mean(), 0.0
        else:
            symmetric = np.tanh(z if activation == "tanh" else z / 2)
            ends = np.abs(symmetric) > 1 - margin
            same_sign = np.abs(np.sign(symmetric).sum(axis=0)) == len(z)
            dead, saturated = (ends.all(axis=0) & same_sign).mean(), ends.mean()
        (row,) = monitor.history
        assert messages == []
        np.testing.assert_allclose((row.dead, row.saturated), (dead, saturated), atol=1e-6)


@pytest.mark.first
def test_every_kind_of_layer_with_a_known_activation_is_seen_at_any_depth(data):
    inner = keras.Sequential([keras.layers.Dense(4, "gelu"), keras.layers.Activation("sigmoid")])
    inputs = keras.Input((6, 6, 1))
    x = keras.layers.Conv2D(3, 3, activation="relu", name="conv")(inputs)
    x = keras.layers.ReLU(name="rectified")(x)
    x = keras.layers.LeakyReLU(name="leaky")(x)
    x = inner(keras.layers.Flatten()(x))
    x = keras.layers.SimpleRNN(3, return_sequences=True)(keras.layers.RepeatVector(2)(x))
    x = keras.layers.LSTM(3, name="lstm")(x)
    shared = keras.layers.Dense(3, "tanh", name="shared")
    outputs = keras.layers.Dense(1, "sigmoid", name="out")(shared(shared(x)))
    model = keras.Model(inputs, outputs)
    model.compile("sgd", "mse")
    model.get_layer("conv").bias.assign([-100.0] * 3)
    pictures = np.random.default_rng(0).normal(size=(4, 6, 6, 1)).astype("float32")
    monitor = ActivationMonitor(pictures, every=2, limit=0.01)
    with pytest.warns(UserWarning) as caught:
        model.fit(pictures, np.zeros((4, 1)), epochs=3, verbose=0, callbacks=[monitor])
    names = [row.layer.rpartition("/")[2] for row in monitor.history]
    kinds = [row.activation for row in monitor.history]
    assert kinds == ["relu", "relu", "gelu", "sigmoid", "tanh", "tanh", "sigmoid"]
    assert names[:2] == ["conv", "rectified"] and names[4:] == ["shared", "shared (2)", "out"]
    assert {row.epoch for row in monitor.history} == {1}
    (message,) = [m for m in (str(entry.message) for entry in caught) if "dead" in m]
    assert "the 3 units of conv are dead" in message and "rectified" in message
    assert "out" not in message.replace("outputs", "")


def test_bad_arguments_are_named():
    for arguments, message in (
        ({"x": None}, "`x` must hold examples"),
        ({"x": np.ones((1, 2)), "margin": 2.0}, "`margin` must be a number in (0, 1)"),
        ({"x": np.ones((1, 2)), "limit": 0}, "`limit` must be a number in (0, 1)"),
        ({"x": np.ones((1, 2)), "every": 0}, "`every` must be an integer >= 1"),
    ):
        with pytest.raises(UserError) as caught:
            ActivationMonitor(**arguments)
        assert message in str(caught.value)

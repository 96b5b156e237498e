import keras
import numpy as np

from kerasdl import create_model


class HalfSquaredError(keras.losses.Loss):
    def __init__(self):
        super().__init__(reduction="sum")

    def call(self, y_true, y_pred):
        return 0.5 * keras.ops.sum(keras.ops.square(y_true - y_pred), axis=-1)


def rosenblatt(x, targets, rate, epochs):
    """The perceptron rule, sample by sample, in float64; also the number of corrections."""
    w, b = np.zeros((x.shape[1], targets.shape[1])), np.zeros(targets.shape[1])
    corrections = 0
    for _ in range(epochs):
        for row, target in zip(x, targets, strict=True):
            error = target - (row @ w + b >= 0)
            w += rate * np.outer(row, error)
            b += rate * error
            corrections += np.abs(error).sum()
    return w, b, corrections


def separable(rng, samples=40):
    """Integer points and two labels each, with a line between, so that all sums are exact."""
    x = rng.integers(-8, 9, size=(samples, 3)).astype("float64")
    sides = np.stack([x @ [2, -1, 1] - 1.5, x @ [-1, -2, 3] + 2.5], axis=1)
    return x, (sides > 0).astype("float64")


def test_training_is_rosenblatts_rule(rng):
    """Half the squared error, SGD, one sample a step: equal weights, not merely close ones."""
    x, targets = separable(rng)
    model = create_model(
        "perceptron", task="multi-label-classification", input_shape=(3,), outputs=2
    )
    model.compile(keras.optimizers.SGD(0.5), HalfSquaredError())
    model.fit(x.astype("float32"), targets, batch_size=1, epochs=3, shuffle=False, verbose=0)
    w, b, corrections = rosenblatt(x, targets, rate=0.5, epochs=3)
    assert corrections > 10
    kernel, bias = (keras.ops.convert_to_numpy(v) for v in model.get_layer("head").weights)
    np.testing.assert_array_equal(kernel, w)
    np.testing.assert_array_equal(bias, b)


def test_outputs_are_zero_or_one(rng):
    model = create_model("perceptron", input_shape=(4, 4, 1), num_classes=3)
    model.get_layer("head").set_weights([rng.normal(size=(16, 3)), rng.normal(size=3)])
    x = rng.normal(size=(20, 4, 4, 1)).astype("float32")
    kernel, bias = model.get_layer("head").get_weights()
    expected = x.reshape(20, 16).astype("float64") @ kernel + bias >= 0
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(model(x)), expected)

import keras
import numpy as np
import pytest

from kerasdl import create_model
from kerasdl.errors import UserError
from kerasdl.testing import check_layer
from kerasdl_mlp.reference_class import ReferenceClass

RATE, STEPS = 0.3, 12


def descend(x, gradient, shape):
    """Gradient descent on all samples in float64; `gradient(outputs)` is dE/d(outputs)."""
    w, b = np.zeros(shape), np.zeros(shape[1])
    for _ in range(STEPS):
        slope = gradient(x @ w + b)
        w, b = w - RATE * x.T @ slope, b - RATE * slope.sum(axis=0)
    return w, b


def fitted(name, loss, x, y, **spec):
    model = create_model(name, input_shape=(x.shape[1],), **spec)
    model.compile(keras.optimizers.SGD(RATE), loss)
    model.fit(x.astype("float32"), y, batch_size=len(x), epochs=STEPS, verbose=0)
    return model, [keras.ops.convert_to_numpy(v) for v in model.get_layer("head").weights]


def softmax(z):
    exponentials = np.exp(z - z.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def compare(found, expected):
    for got, want in zip(found, expected, strict=True):
        assert np.abs(want).max() > 0.01
        np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-6)


@pytest.fixture
def points(rng):
    return rng.normal(size=(30, 4)).astype("float32").astype("float64")


def test_linear_regression_descends_on_the_squared_error(points, rng):
    y = points @ rng.normal(size=(4, 2)) + rng.normal(size=2)
    _, found = fitted("linear-regression", "mean_squared_error", points, y, outputs=2)
    compare(found, descend(points, lambda z: 2 * (z - y) / y.size, (4, 2)))


def test_softmax_regression_descends_on_the_cross_entropy(points, rng):
    y = rng.integers(0, 3, size=30)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    _, found = fitted("softmax-regression", loss, points, y, num_classes=3)
    compare(found, descend(points, lambda z: (softmax(z) - np.eye(3)[y]) / 30, (4, 3)))


def test_logistic_regression_of_two_classes_has_one_weight_a_feature(points, rng):
    y = rng.integers(0, 2, size=30)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model, found = fitted("logistic-regression", loss, points, y, num_classes=2)
    expected = descend(points, lambda z: (1 / (1 + np.exp(-z)) - y[:, None]) / 30, (4, 1))
    compare(found, expected)
    logits = model.predict(points.astype("float32"), verbose=0)
    np.testing.assert_array_equal(logits[:, 0], 0.0)
    np.testing.assert_allclose(logits[:, 1:], points @ found[0] + found[1], rtol=1e-4, atol=1e-5)


def test_logistic_regression_of_more_classes_is_softmax_regression_against_the_first(rng):
    model = create_model("logistic-regression", input_shape=(2, 2, 1), num_classes=3)
    kernel, bias = rng.normal(size=(4, 2)), rng.normal(size=2)
    model.get_layer("head").set_weights([kernel, bias])
    x = rng.normal(size=(5, 2, 2, 1)).astype("float32")
    logits = keras.ops.convert_to_numpy(model(x))
    assert logits.shape == (5, 3)
    odds = np.log(softmax(logits.astype("float64")))
    np.testing.assert_allclose(
        odds[:, 1:] - odds[:, :1], x.reshape(5, 4) @ kernel + bias, rtol=1e-4, atol=1e-5
    )


def test_reference_class_keeps_the_rules(rng):
    check_layer(
        ReferenceClass,
        rng.normal(size=(5, 2)).astype("float32"),
        reference=lambda _, x: np.hstack([np.zeros((len(x), 1)), x]),
        trainable=False,
    )


def test_logistic_regression_of_labels_has_a_logit_for_each():
    model = create_model(
        "logistic-regression", task="multi-label-classification", input_shape=(4,), outputs=1
    )
    assert model.output_shape == (None, 1)
    assert model.count_params() == 5


def test_logistic_regression_of_one_class_is_an_error():
    with pytest.raises(UserError, match=r"at least 2.*multi-label-classification.*outputs=1"):
        create_model("logistic-regression", input_shape=(4,), num_classes=1)

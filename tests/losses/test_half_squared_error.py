import keras
import numpy as np
import pytest

from kerasdl.losses import HalfSquaredError


def test_gradient_is_the_difference_over_the_batch(rng, value_and_slope):
    y_true, y_pred = rng.normal(size=(2, 3, 4))[:, :2].astype("float32")
    _, slope = value_and_slope(HalfSquaredError(), y_true, y_pred)
    np.testing.assert_allclose(slope, (y_pred - y_true) / 2, rtol=1e-6)


def test_value_is_torchs_half_mean_squared_error(rng, value_and_slope):
    torch = pytest.importorskip("torch")
    y_true, y_pred = rng.normal(size=(2, 5, 3)).astype("float32")
    mse = torch.nn.functional.mse_loss(
        *(torch.tensor(a, dtype=torch.float64) for a in (y_true, y_pred))
    )
    value, _ = value_and_slope(HalfSquaredError(), y_true, y_pred)
    np.testing.assert_allclose(value, 3 / 2 * mse.item(), rtol=1e-6)


def hard_threshold(x):
    """1 where x >= 0, else 0, with the gradient passed straight through."""
    step = keras.ops.cast(x >= 0, x.dtype)
    return x + keras.ops.stop_gradient(step - x)


def test_sgd_with_a_hard_threshold_is_rosenblatts_rule(rng):
    x = rng.integers(-3, 4, size=(12, 3)).astype("float32")
    y = (x @ [1.0, -2.0, 1.0] + 0.5 > 0).astype("float32")
    model = keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(1, hard_threshold, kernel_initializer="zeros")]
    )
    model.compile(keras.optimizers.SGD(0.5), HalfSquaredError())
    model.fit(x, y, batch_size=1, epochs=3, shuffle=False, verbose=0)

    weights, bias = np.zeros(3), 0.0
    for _ in range(3):
        for features, label in zip(x.astype("float64"), y, strict=True):
            mistake = label - float(weights @ features + bias >= 0)
            weights, bias = weights + 0.5 * mistake * features, bias + 0.5 * mistake
    assert weights.any()
    # halves of integers: float32 holds them exactly
    np.testing.assert_array_equal(model.get_weights()[0][:, 0], weights)
    np.testing.assert_array_equal(model.get_weights()[1], [bias])


def test_one_output_may_lack_its_axis(rng):
    y_true, y_pred = rng.normal(size=(2, 5)).astype("float32")
    expected = np.mean(0.5 * (y_true.astype("float64") - y_pred) ** 2)
    for target, output in ((y_true, y_pred), (y_true, y_pred[:, None])):
        np.testing.assert_allclose(float(HalfSquaredError()(target, output)), expected, rtol=1e-6)


def test_shapes_are_not_broadcast():
    with pytest.raises(ValueError, match=r"Expected y_true: \(4, 3\), received: \(4, 1\)"):
        HalfSquaredError()(np.zeros((4, 1)), np.zeros((4, 3)))


def test_mask_of_the_predictions_is_kept():
    masked = keras.layers.Masking()(np.array([[[3.0], [0.0]]], "float32"))
    assert float(HalfSquaredError()(np.ones((1, 2, 1)), masked)) == 2.0

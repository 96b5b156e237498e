import keras
import numpy as np
import pytest

from kerasdl.losses import PerceptronLoss


def test_boundary_counts_as_a_mistake(value_and_slope):
    value, slope = value_and_slope(PerceptronLoss(), [[1.0], [-1.0]], [[0.0], [0.0]])
    assert value == 0
    np.testing.assert_array_equal(slope, [[-0.5], [0.5]])


def test_right_side_has_neither_value_nor_gradient(value_and_slope):
    value, slope = value_and_slope(PerceptronLoss(), [[1.0, 0.0]], [[2.0, -0.1]])
    assert value == 0
    assert not slope.any()


def test_sgd_is_the_perceptron_of_scikit_learn(rng):
    linear_model = pytest.importorskip("sklearn.linear_model")
    x = rng.integers(-3, 4, size=(15, 3)).astype("float32")
    y = (x @ [1.0, -2.0, 1.0] + 0.5 > 0).astype("int32")
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, kernel_initializer="zeros")])
    model.compile(keras.optimizers.SGD(1.0), PerceptronLoss())
    model.fit(x, y, batch_size=1, epochs=2, shuffle=False, verbose=0)
    expected = linear_model.Perceptron(max_iter=2, tol=None, shuffle=False).fit(x, y)
    assert expected.coef_.any()
    np.testing.assert_array_equal(model.get_weights()[0].T, expected.coef_)
    np.testing.assert_array_equal(model.get_weights()[1], expected.intercept_)


def test_shapes_are_not_broadcast():
    with pytest.raises(ValueError, match=r"Expected y_true: \(4, 3\), received: \(4, 1\)"):
        PerceptronLoss()(np.zeros((4, 1)), np.zeros((4, 3)))

import keras
import numpy as np
import pytest

from kerasdl.layers.gaussian_head import GaussianHead
from kerasdl.losses import GaussianNLL


@pytest.mark.parametrize("full", [True, False])
def test_value_and_gradient_are_torchs_below_the_floor_too(rng, value_and_slope, full):
    torch = pytest.importorskip("torch")
    y, mean = rng.normal(size=(2, 4, 3)).astype("float32")
    variance = np.exp(rng.normal(size=(4, 3))).astype("float32")
    variance[0, 0] = 1e-3  # below the floor
    loss = GaussianNLL(full=full, minimum_variance=1e-2)
    value, slope = value_and_slope(loss, y, np.concatenate([mean, variance], axis=-1))
    m, v = (torch.tensor(a, dtype=torch.float64, requires_grad=True) for a in (mean, variance))
    target = torch.tensor(y, dtype=torch.float64)
    expected = torch.nn.functional.gaussian_nll_loss(m, target, v, full=full, eps=1e-2)
    expected.backward()
    np.testing.assert_allclose(value, expected.item(), rtol=1e-4)
    np.testing.assert_allclose(slope, np.concatenate([m.grad, v.grad], axis=-1), rtol=1e-4)
    assert slope[0, 3] != 0


def test_one_output_may_lack_its_axis():
    one = GaussianNLL()(np.array([1.0, 2.0]), np.array([[0.0, 1.0], [2.0, 4.0]]))
    two = GaussianNLL()(np.array([[1.0], [2.0]]), np.array([[0.0, 1.0], [2.0, 4.0]]))
    assert float(one) == float(two)


def test_fit_finds_mean_and_variance(rng):
    y = rng.normal(3.0, 2.0, size=(256, 1)).astype("float32")
    model = keras.Sequential([keras.Input((1,)), GaussianHead(1)])
    model.compile(keras.optimizers.Adam(0.1), GaussianNLL())
    steps = np.tile(y, (150, 1))
    model.fit(np.zeros_like(steps), steps, batch_size=256, shuffle=False, verbose=0)
    mean, variance = model.predict(np.zeros((1, 1)), verbose=0)[0]
    # the maximum of the likelihood is at the sample's own moments
    np.testing.assert_allclose(mean, y.mean(), rtol=1e-2)
    np.testing.assert_allclose(variance, y.var(), rtol=2e-2)


def test_bad_arguments_and_shapes_are_named():
    with pytest.raises(ValueError, match=r"`minimum_variance` must be greater than 0\. .*=0"):
        GaussianNLL(minimum_variance=0)
    with pytest.raises(ValueError, match=r"Received: y_true \(4, 3\), y_pred \(4, 3\)"):
        GaussianNLL()(np.zeros((4, 3)), np.zeros((4, 3)))

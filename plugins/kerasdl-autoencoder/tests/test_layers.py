import keras
import numpy as np
import pytest

from kerasdl import create_model
from kerasdl.errors import UserError
from kerasdl.testing import check_layer
from kerasdl_autoencoder.gaussian_code import GaussianCode
from kerasdl_autoencoder.masking_noise import MaskingNoise


def closed_form(mean, log_variance):
    """KL(N(mean, variance) || N(0, 1)) of each sample, in float64."""
    mean, log_variance = mean.astype("float64"), log_variance.astype("float64")
    return 0.5 * (mean**2 + np.exp(log_variance) - 1 - log_variance).sum(axis=1)


@pytest.fixture
def gaussians(rng):
    return [rng.normal(scale=2, size=(6, 3)).astype("float32") for _ in range(2)]


def test_gaussian_code_keeps_the_rules(gaussians):
    check_layer(
        lambda: GaussianCode(0.5),
        gaussians,
        reference=lambda _, mean, log_variance: mean,
        trainable=False,
    )


def test_masking_noise_keeps_the_rules(rng):
    x = rng.normal(size=(4, 5)).astype("float32")
    check_layer(lambda: MaskingNoise(0.4), x, reference=lambda _, x: x, trainable=False)


def test_divergence_is_the_closed_form(gaussians):
    layer = GaussianCode(kl_weight=0.25)
    layer(gaussians)
    expected = 0.25 * closed_form(*gaussians).mean()
    np.testing.assert_allclose(float(layer.losses[0]), expected, rtol=1e-5)


def test_divergence_is_that_of_pytorch(gaussians):
    torch = pytest.importorskip("torch")
    mean, log_variance = (torch.tensor(values, dtype=torch.float64) for values in gaussians)
    normal = torch.distributions.Normal
    expected = torch.distributions.kl_divergence(
        normal(mean, torch.exp(log_variance / 2)), normal(0.0, 1.0)
    )
    layer = GaussianCode(kl_weight=1.0)
    layer(gaussians)
    np.testing.assert_allclose(float(layer.losses[0]), expected.sum(1).mean().item(), rtol=1e-5)


def test_no_weight_means_no_loss(gaussians):
    layer = GaussianCode(kl_weight=0)
    layer(gaussians)
    assert layer.losses == []


def test_draws_have_the_mean_and_the_deviation():
    mean = np.tile(np.array([[1.0, -2.0]], "float32"), (20000, 1))
    deviation = np.array([[0.5, 3.0]])
    log_variance = np.tile(np.log(deviation**2).astype("float32"), (20000, 1))
    layer = GaussianCode(seed=1)
    drawn = keras.ops.convert_to_numpy(layer([mean, log_variance], training=True))
    np.testing.assert_allclose(drawn.mean(axis=0), [1.0, -2.0], atol=0.1)
    np.testing.assert_allclose(drawn.std(axis=0), deviation[0], rtol=0.05)
    again = keras.ops.convert_to_numpy(layer([mean, log_variance], training=True))
    assert not np.array_equal(drawn, again)
    still = keras.ops.convert_to_numpy(layer([mean, log_variance]))
    np.testing.assert_array_equal(still, mean)


@pytest.mark.parametrize("value", [-0.1, float("nan"), True, "1"])
def test_weight_that_cannot_be_used_is_an_error(value):
    with pytest.raises(UserError, match="`kl_weight` must be at least 0"):
        GaussianCode(kl_weight=value)


@pytest.mark.parametrize("value", [-0.1, 1.0, float("nan"), True, "0.1"])
def test_share_that_cannot_be_used_is_an_error(value):
    with pytest.raises(UserError, match=r"`rate` must be in \[0, 1\)"):
        MaskingNoise(value)


def test_loss_of_the_vae_is_the_bound_over_the_values(rng):
    """With cross-entropy and `kl_weight=1` the loss is `-ELBO / D`, at the mean code."""
    model = create_model("vae", input_shape=(2, 3, 1), widths=(), code=2, kl_weight=1.0)
    for variable in model.trainable_variables:
        variable.assign(rng.normal(scale=0.5, size=variable.shape))
    model.compile(loss="binary_crossentropy")
    x = rng.uniform(size=(5, 2, 3, 1)).astype("float32")
    found = model.evaluate(x, x, batch_size=5, verbose=0)
    w = {
        f"{layer.name}/{v.name}": keras.ops.convert_to_numpy(v).astype("float64")
        for layer in model.layers
        for v in layer.weights
    }
    rows = x.reshape(5, 6).astype("float64")
    mean = rows @ w["encoder_mean/kernel"] + w["encoder_mean/bias"]
    log_variance = rows @ w["encoder_log_variance/kernel"] + w["encoder_log_variance/bias"]
    logits = mean @ w["decoder_output/kernel"] + w["decoder_output/bias"]
    log_likelihood = (rows * logits - np.log1p(np.exp(logits))).sum(axis=1)
    bound = (log_likelihood - closed_form(mean, log_variance)).mean()
    np.testing.assert_allclose(found, -bound / 6, rtol=1e-5)

import fnmatch

import keras
import numpy as np
import pytest

from kerasdl import create_model
from kerasdl.backend.gradients import value_and_gradients
from kerasdl.errors import UserError
from kerasdl.plugin import Spec
from kerasdl.testing import IN_OTHER_PROCESSES, check_architecture

DENSE = {"input_shape": (6,), "widths": (8,), "code": 3}
CONV = {"input_shape": (7, 6, 1), "filters": (8, 16), "code": 12}
ELU = {"elu": lambda x: np.where(x > 0, x, np.expm1(x)), "sigmoid": lambda x: 1 / (1 + np.exp(-x))}


def check(name, task="autoencoding", **config):
    shape = config.pop("input_shape")
    spec = Spec(task=task, input_shape=shape, outputs=3)
    # A code that is drawn anew each time leaves part of the loss.
    drawn = ("over_fits_ten_samples",) if name == "conv-vae" else ()
    check_architecture(name, spec=spec, config=config, skip=(*IN_OTHER_PROCESSES, *drawn))


@pytest.mark.long
@pytest.mark.once
def test_tied_autoencoder_keeps_the_rules():
    check("tied-autoencoder", **DENSE)


@pytest.mark.long
@pytest.mark.once
def test_denoising_conv_autoencoder_keeps_the_rules():
    check("denoising-conv-autoencoder", **CONV)


@pytest.mark.long
@pytest.mark.once
def test_vae_keeps_the_rules():
    check("vae", **DENSE)


@pytest.mark.long
@pytest.mark.once
@pytest.mark.parametrize("name", ["autoencoder", "denoising-autoencoder"])
def test_dense_variants_keep_the_rules(name):
    check(name, **DENSE)
    check(name, "tabular-classification", **DENSE)


@pytest.mark.long
@pytest.mark.once
@pytest.mark.parametrize("name", ["conv-autoencoder", "conv-vae"])
def test_convolutional_variants_keep_the_rules(name):
    check(name, **CONV)
    check(name, "image-classification", **CONV)


@pytest.mark.long
@pytest.mark.once
@pytest.mark.parametrize("name", ["tied-autoencoder", "vae"])
def test_classifiers_keep_the_rules(name):
    check(name, "tabular-classification", **DENSE)


def weights(model):
    """float64 arrays by `layer/variable`."""
    return {
        f"{layer.name}/{variable.name}": keras.ops.convert_to_numpy(variable).astype("float64")
        for layer in model.layers
        for variable in layer.weights
    }


def randomized(model, rng):
    for variable in model.trainable_variables:
        variable.assign(rng.normal(scale=0.5, size=variable.shape))
    return weights(model)


def test_autoencoder_is_its_formula(rng):
    model = create_model("autoencoder", input_shape=(2, 3, 1), widths=(5, 4), code=2)
    w = randomized(model, rng)
    x = rng.normal(size=(7, 2, 3, 1)).astype("float32")
    h = x.reshape(7, 6).astype("float64")
    for name in ("encoder_1", "encoder_2", "encoder_code", "decoder_2", "decoder_1"):
        h = h @ w[f"{name}/kernel"] + w[f"{name}/bias"]
        h = h if name == "encoder_code" else ELU["elu"](h)
    expected = ELU["sigmoid"](h @ w["decoder_output/kernel"] + w["decoder_output/bias"])
    found = keras.ops.convert_to_numpy(model(x)).reshape(7, 6)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_tied_autoencoder_runs_each_kernel_backwards(rng):
    model = create_model("tied-autoencoder", input_shape=(6,), widths=(5, 4), code=2)
    w = randomized(model, rng)
    assert sorted(name for name in w if name.endswith("/kernel")) == [
        "encoder_1/kernel",
        "encoder_2/kernel",
        "encoder_code/kernel",
    ]
    x = rng.normal(size=(7, 6)).astype("float32")
    h = x.astype("float64")
    for name in ("encoder_1", "encoder_2", "encoder_code"):
        h = h @ w[f"{name}/kernel"] + w[f"{name}/bias"]
        h = h if name == "encoder_code" else ELU["elu"](h)
    for name in ("encoder_code", "encoder_2", "encoder_1"):
        h = h @ w[f"{name}/kernel"].T + w[f"{name}/reverse_bias"]
        h = h if name == "encoder_1" else ELU["elu"](h)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(model(x)), h, rtol=1e-5, atol=1e-5)


def test_gradient_of_a_tied_kernel_is_the_sum_of_both_uses(rng):
    """With `y = (x W) W'` and `E = sum (y - x)^2`: `dE/dW = 2 (x' d W + d' x W)`, `d = y - x`."""
    model = create_model("tied-autoencoder", input_shape=(4,), widths=(), code=2)
    kernel = randomized(model, rng)["encoder_code/kernel"]
    layer = model.get_layer("encoder_code")
    layer.bias.assign(np.zeros(2))
    layer.reverse_bias.assign(np.zeros(4))
    x = rng.normal(size=(5, 4)).astype("float32")
    inputs = keras.ops.convert_to_tensor(x)
    _, (found,) = value_and_gradients(
        lambda: keras.ops.sum(keras.ops.square(model(inputs) - inputs)), [layer.kernel]
    )
    d = x @ kernel @ kernel.T - x
    expected = 2 * (x.T @ d @ kernel + d.T @ x @ kernel)
    np.testing.assert_allclose(
        keras.ops.convert_to_numpy(found), expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max()
    )


def test_noise_is_for_training_only_and_of_the_kind_asked_for(rng):
    x = rng.uniform(0.5, 1.0, size=(400, 50)).astype("float32")
    shapes = {"input_shape": (50,), "widths": (), "code": 2}
    masking = create_model("autoencoder", noise=0.3, corruption="masking", **shapes)
    seen = keras.ops.convert_to_numpy(masking.get_layer("noise")(x, training=True))
    assert abs((seen == 0).mean() - 0.3) < 0.02
    np.testing.assert_array_equal(seen[seen != 0], x[seen != 0])
    gaussian = create_model("autoencoder", noise=0.3, **shapes)
    added = keras.ops.convert_to_numpy(gaussian.get_layer("noise")(x, training=True)) - x
    assert abs(added.std() - 0.3) < 0.01
    first, second = (keras.ops.convert_to_numpy(gaussian(x)) for _ in range(2))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("name", ["denoising-autoencoder", "denoising-conv-autoencoder"])
def test_classifier_on_a_denoising_encoder_sees_clean_inputs(name):
    model = create_model(name, input_shape=(8, 8, 1), num_classes=3)
    assert "noise" not in [layer.name for layer in model.layers]


@pytest.mark.parametrize(
    "name", ["autoencoder", "tied-autoencoder", "conv-autoencoder", "vae", "conv-vae"]
)
def test_classifier_has_the_encoder_of_the_autoencoder(name, rng):
    shape = (8, 8, 1)
    both = create_model(name, task="autoencoding", input_shape=shape)
    classifier = create_model(name, input_shape=shape, num_classes=3)
    donor, shapes = weights(both), {k: v.shape for k, v in weights(classifier).items()}
    encoder = [key for key in shapes if fnmatch.fnmatch(key, "encoder*")]
    assert sorted(set(shapes) - set(encoder)) == ["head/bias", "head/kernel"]
    for layer in classifier.layers:
        for variable in layer.weights:
            if layer.name != "head":
                variable.assign(donor[f"{layer.name}/{variable.name}"])
    x = rng.uniform(size=(3, *shape)).astype("float32")
    codes = [
        keras.ops.convert_to_numpy(keras.Model(m.input, m.get_layer("code").output)(x))
        for m in (both, classifier)
    ]
    np.testing.assert_allclose(codes[0], codes[1], rtol=1e-5, atol=1e-6)


def test_integer_pixels_are_taken_as_numbers(rng):
    spec = Spec(task="autoencoding", input_shape=(5, 4, 1), input_dtype="uint8")
    model = create_model("conv-autoencoder", spec=spec, filters=(3,), code=2)
    floats = create_model("conv-autoencoder", input_shape=(5, 4, 1), filters=(3,), code=2)
    floats.set_weights(model.get_weights())
    x = rng.integers(0, 3, size=(4, 5, 4, 1)).astype("uint8")
    np.testing.assert_array_equal(
        keras.ops.convert_to_numpy(model(x)),
        keras.ops.convert_to_numpy(floats(x.astype("float32"))),
    )


def test_channels_come_last_whatever_keras_is_set_to(rng):
    x = rng.normal(size=(2, 6, 5, 2)).astype("float32")
    config = {"input_shape": (6, 5, 2), "filters": (3, 4), "code": 3}
    usual = create_model("conv-autoencoder", **config)
    keras.config.set_image_data_format("channels_first")
    try:
        other = create_model("conv-autoencoder", **config)
    finally:
        keras.config.set_image_data_format("channels_last")
    other.set_weights(usual.get_weights())
    np.testing.assert_allclose(
        keras.ops.convert_to_numpy(other(x)),
        keras.ops.convert_to_numpy(usual(x)),
        rtol=1e-5,
        atol=1e-6,
    )


@pytest.mark.parametrize(
    "name, spec, message",
    [
        ("autoencoder", {}, r"`input_shape` must be given, each axis known.*input_shape=None"),
        ("vae", {"input_shape": (None, 4)}, r"each axis known.*\(None, 4\)"),
        ("conv-autoencoder", {"input_shape": (64,)}, r"\(height, width, channels\).*\(64,\)"),
        ("conv-vae", {"input_shape": (8, 8)}, r"\(height, width, channels\).*\(8, 8\)"),
        ("vae", {"task": "tabular-classification", "input_shape": (4,)}, r"outputs=None"),
    ],
)
def test_spec_that_says_too_little_is_an_error(name, spec, message):
    with pytest.raises(UserError, match=message):
        create_model(name, **spec)


@pytest.mark.parametrize(
    "name, field, value, message",
    [
        ("autoencoder", "activation", "rlu", r"`activation`.*activation='rlu'.*'relu'"),
        ("autoencoder", "code_activation", "tan", r"`code_activation`.*code_activation='tan'"),
        ("vae", "output_activation", "sigmod", r"`output_activation`.*'sigmoid'"),
        ("autoencoder", "code", 0, r"`code` must be int, at least 1.*code=0"),
        ("vae", "kl_weight", -1.0, r"`kl_weight` must be float, at least 0.*kl_weight=-1.0"),
        ("vae", "encoder", "conv", r"`encoder` must be .*dense, convolutional.*encoder='conv'"),
        ("denoising-autoencoder", "noise", 1.0, r"`noise` .*below 1.*noise=1.0"),
        ("conv-autoencoder", "corruption", "salt", r"`corruption` must be .*corruption='salt'"),
    ],
)
def test_value_that_cannot_be_used_is_an_error(name, field, value, message):
    with pytest.raises(UserError, match=message):
        create_model(name, input_shape=(4, 4, 1), **{field: value})


@pytest.mark.long
def test_linear_autoencoder_finds_the_principal_components():
    """Baldi and Hornik, 1989: its best error is that of as many principal components."""
    datasets = pytest.importorskip("sklearn.datasets")
    x = datasets.load_wine().data
    x = ((x - x.mean(axis=0)) / x.std(axis=0)).astype("float32")
    spread = np.linalg.svd(x.astype("float64"), compute_uv=False)
    best = np.square(spread[4:]).sum() / x.size
    linear = {"widths": (), "activation": "linear", "output_activation": "linear"}
    model = create_model("autoencoder", input_shape=(13,), code=4, **linear)
    rate = keras.optimizers.schedules.CosineDecay(0.02, 600)
    model.compile(keras.optimizers.Adam(rate), "mean_squared_error")
    model.fit(x, x, batch_size=178, epochs=600, verbose=0)
    found = np.square(model.predict(x, verbose=0).astype("float64") - x).mean()
    assert best * (1 - 1e-5) <= found <= 1.02 * best

"""The encoder of an autoencoder as features of a classifier."""

import keras
import numpy as np
import pytest

from kerasdl import create_model

SHAPE = (6, 5, 1)


@pytest.mark.filterwarnings("ignore:the head starts fresh")
@pytest.mark.parametrize(
    "name, config",
    [
        ("autoencoder", {"widths": (), "code": 4}),
        ("tied-autoencoder", {"widths": (5,), "code": 4}),
        ("conv-autoencoder", {"filters": (3,), "code": 4}),
        ("vae", {"widths": (5,), "code": 4}),
    ],
)
def test_classifier_takes_the_encoder_from_a_file(name, config, tmp_path, rng):
    donor = create_model(name, task="autoencoding", input_shape=SHAPE, **config)
    for variable in donor.trainable_variables:
        variable.assign(rng.normal(scale=0.3, size=variable.shape))
    donor.save(tmp_path / "donor.keras")
    # As many classes as values in an image: the decoder's end has the head's shape.
    taken = {"input_shape": SHAPE, "num_classes": 30, "weights": tmp_path / "donor.keras"}
    model = create_model(name, freeze="encoder*", **taken, **config)
    assert [v.path.split("/")[-2] for v in model.trainable_variables] == ["head", "head"]
    np.testing.assert_array_equal(model.get_layer("head").get_weights()[1], 0.0)
    x = rng.uniform(size=(3, *SHAPE)).astype("float32")
    codes = [
        keras.ops.convert_to_numpy(keras.Model(m.input, m.get_layer("code").output)(x))
        for m in (donor, model)
    ]
    np.testing.assert_allclose(codes[0], codes[1], rtol=1e-5, atol=1e-6)


@pytest.mark.long
@pytest.mark.filterwarnings("ignore:the head starts fresh")
@pytest.mark.parametrize("name", ["conv-autoencoder", "vae"])
def test_code_of_a_trained_encoder_tells_digits_apart(name, tmp_path):
    pytest.importorskip("sklearn")
    from kerasdl.inside import inner_layers
    from kerasdl.training import RunConfig, train

    config = {"architecture": name, "data": "digits", "epochs": 10, "batch_size": 32}
    config |= {"learning_rate": 3e-3, "backend": keras.backend.backend()}
    first = train(RunConfig(**config, task="autoencoding"), tmp_path / "code")
    assert (tmp_path / "code" / "reconstructions.png").is_file()
    assert (tmp_path / "code" / "embedding.png").is_file()
    config |= {"weights": str(tmp_path / "code"), "freeze": ("encoder*",), "learning_rate": 1e-2}
    second = train(RunConfig(**config), tmp_path / "classes")
    before, after = (
        {layer.name: layer.get_weights() for layer in inner_layers(run.model) if layer.weights}
        for run in (first, second)
    )
    kept = [layer for layer in after if layer != "head"]
    assert kept and all(layer.startswith("encoder_") for layer in kept)
    for layer in kept:
        for left, right in zip(before[layer], after[layer], strict=True):
            np.testing.assert_array_equal(left, right)
    assert second.evaluate("test").figures["accuracy"] > 0.8  # chance is 0.1

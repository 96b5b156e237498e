"""Trainable parameters counted by hand."""

import numpy as np
import pytest

from kerasdl import create_model


def dense(*widths):
    return sum(a * b + b for a, b in zip(widths, widths[1:], strict=False))


def conv(inputs, outputs, size=3):
    return size * size * inputs * outputs + outputs


def trainable(model):
    return sum(int(np.prod(variable.shape)) for variable in model.trainable_variables)


def tied(*widths):
    """Each kernel once, each width a bias in its direction."""
    return sum(a * b + b + a for a, b in zip(widths, widths[1:], strict=False))


CONV = {"input_shape": (7, 6, 2), "filters": (3, 4), "code": 5}  # 7x6, 4x3, 2x2
CONV_ENCODER = conv(2, 3) + conv(3, 4)
CONV_DECODER = dense(5, 2 * 2 * 4) + conv(4, 3) + conv(3, 3) + conv(3, 2)


@pytest.mark.parametrize(
    "name, config, expected",
    [
        ("autoencoder", {}, dense(6, 5, 4, 2) + dense(2, 4, 5, 6)),
        ("autoencoder", {"widths": ()}, dense(6, 2) + dense(2, 6)),
        ("tied-autoencoder", {}, tied(6, 5, 4, 2)),
        ("vae", {}, dense(6, 5, 4) + 2 * dense(4, 2) + dense(2, 4, 5, 6)),
        ("conv-autoencoder", CONV, CONV_ENCODER + dense(2 * 2 * 4, 5) + CONV_DECODER),
        (
            "conv-autoencoder",
            {"input_shape": (3, 2, 1), "filters": (), "code": 2},
            dense(6, 2) + dense(2, 6) + conv(1, 1),
        ),
        ("conv-vae", CONV, CONV_ENCODER + 2 * dense(2 * 2 * 4, 5) + CONV_DECODER),
    ],
)
def test_autoencoder_has_those_counted_by_hand(name, config, expected):
    shapes = {"input_shape": (6,), "code": 2}
    small = {} if "filters" in config else {"widths": (5, 4)}
    model = create_model(name, task="autoencoding", **{**shapes, **small, **config})
    assert trainable(model) == expected


@pytest.mark.parametrize(
    "name, config, expected",
    [
        ("autoencoder", {}, dense(6, 5, 4, 2, 3)),
        ("tied-autoencoder", {}, dense(6, 5, 4, 2, 3)),
        ("denoising-autoencoder", {}, dense(6, 5, 4, 2, 3)),
        ("vae", {}, dense(6, 5, 4, 2, 3)),
        ("conv-vae", CONV, CONV_ENCODER + dense(2 * 2 * 4, 5, 3)),
    ],
)
def test_classifier_has_the_encoder_and_a_head(name, config, expected):
    shapes = {"input_shape": (6,), "code": 2}
    small = {} if config else {"widths": (5, 4)}
    model = create_model(name, num_classes=3, **{**shapes, **small, **config})
    assert trainable(model) == expected
    assert model.output_shape == (None, 3)


@pytest.mark.parametrize("shape", [(1, 1, 1), (7, 5, 3), (28, 28, 1), (33, 16, 3)])
def test_images_of_any_size_come_back_in_theirs(shape):
    model = create_model("conv-autoencoder", input_shape=shape, filters=(2, 2, 2), code=3)
    assert model.output_shape == (None, *shape)
    assert model.get_layer("code").output.shape == (None, 3)


@pytest.mark.parametrize("name", ["autoencoder", "tied-autoencoder", "conv-autoencoder", "vae"])
def test_layers_are_named_for_their_side(name):
    model = create_model(name, task="autoencoding", input_shape=(8, 8, 1))
    names = [layer.name for layer in model.layers if layer.weights]
    assert all(found.startswith(("encoder_", "decoder_")) for found in names)
    assert not model.get_layer("code").weights
    assert any(found.startswith("decoder_") for found in names) != (name == "tied-autoencoder")

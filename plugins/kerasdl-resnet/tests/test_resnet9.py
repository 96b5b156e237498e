import keras
import numpy as np
import pytest

from kerasdl import create_model, model_info
from kerasdl.errors import UserError
from kerasdl.testing import check_architecture

SHAPES = {"input_shape": (9, 8, 2), "num_classes": 3, "width": 2}


def parameters(width, channels, classes):
    """Convolutions without bias, two numbers a channel for each normalization, a bare head."""
    pairs = [(channels, 1), (1, 2), (2, 2), (2, 2), (2, 4), (4, 8), (8, 8), (8, 8)]
    total = 8 * width * classes
    for number, (inputs, outputs) in enumerate(pairs):
        inputs = inputs if number == 0 else inputs * width
        total += 9 * inputs * outputs * width + 2 * outputs * width
    return total


def test_it_has_the_parameters_counted_by_hand():
    assert parameters(64, 3, 10) == model_info("resnet9").parameters["resnet9"] == 6_573_120
    model = create_model("resnet9", **SHAPES)
    count = sum(int(np.prod(v.shape)) for v in model.trainable_variables)
    assert count == parameters(2, 2, 3)


def test_stages_halve_the_image_and_the_head_is_scaled(rng):
    model = create_model("resnet9", **SHAPES, head_scale=0.5)
    shapes = [model.get_layer(f"stage{stage}").output.shape for stage in (1, 2, 3)]
    assert shapes == [(None, 4, 4, 4), (None, 2, 2, 8), (None, 1, 1, 16)]
    inner = keras.Model(model.input, [model.get_layer("largest").output, model.output])
    largest, logits = inner.predict(rng.normal(size=(2, 9, 8, 2)).astype("float32"), verbose=0)
    kernel = model.get_layer("head").get_weights()[0].astype("float64")
    np.testing.assert_allclose(logits, 0.5 * (largest @ kernel), rtol=1e-4, atol=1e-6)


def test_images_too_small_are_an_error_that_names_the_stage():
    with pytest.raises(UserError, match=r"stage `stage3` needs .*\(2, 2\).*= \(1, 2\)"):
        create_model("resnet9", input_shape=(4, 8, 3), num_classes=2, width=2)


@pytest.mark.long
@pytest.mark.once
def test_it_keeps_the_rules():
    check_architecture("resnet9", config=SHAPES)

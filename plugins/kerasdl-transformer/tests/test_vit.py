"""The vision transformer against PyTorch's parts, and its rules."""

import keras
import numpy as np
import pytest

from kerasdl import create_model
from kerasdl.errors import UserError
from kerasdl.testing import check_architecture

TINY = {"patch_size": 2, "layers": 2, "heads": 2, "width": 8}
SHAPES = {"input_shape": (6, 4, 3), "num_classes": 5}


@pytest.mark.parametrize("pooling", ["class", pytest.param("mean", marks=pytest.mark.long)])
def test_equals_pytorch(rng, filled, predict, arrays, fill_block, pooling):
    torch = pytest.importorskip("torch")
    model = filled(create_model("vit", **SHAPES, **TINY, pooling=pooling))
    weights = arrays(model)
    patches = torch.nn.Conv2d(3, 8, 2, stride=2)
    kernel = weights.pop("embedding/kernel").reshape(2, 2, 3, 8)
    patches.weight.copy_(torch.tensor(kernel).permute(3, 2, 0, 1))
    patches.bias.copy_(torch.tensor(weights.pop("embedding/bias")))
    layer = torch.nn.TransformerEncoderLayer(
        8, 2, 32, 0.0, "gelu", layer_norm_eps=1e-6, norm_first=True, batch_first=True
    )
    theirs = torch.nn.TransformerEncoder(
        layer, 2, torch.nn.LayerNorm(8, eps=1e-6), enable_nested_tensor=False
    ).eval()
    for number, block in enumerate(theirs.layers, 1):
        fill_block(block, weights, f"block{number}")
    fill_block.norm(theirs.norm, weights, "final_norm")
    images = rng.normal(size=(3, 6, 4, 3)).astype("float32")
    x = patches(torch.tensor(images).permute(0, 3, 1, 2)).flatten(2).transpose(1, 2)
    if pooling == "class":
        token = torch.tensor(weights.pop("class_token/token"))
        x = torch.cat([token.expand(3, 1, 8), x], dim=1)
    states = theirs(x + torch.tensor(weights.pop("positions/table/table"))).numpy()
    vectors = states[:, 0] if pooling == "class" else states.mean(1)
    expected = vectors @ weights.pop("head/kernel") + weights.pop("head/bias")
    assert not weights
    np.testing.assert_allclose(predict(model, images), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.long
def test_small_form_can_be_saved():
    check_architecture("vit", config={**SHAPES, **TINY}, only=["save_and_load"])


@pytest.mark.long
@pytest.mark.once
@pytest.mark.parametrize(
    "config",
    [{}, {"pooling": "class", "dropout": 0.1, "attention_dropout": 0.1, "stochastic_depth": 0.3}],
)
def test_every_form_keeps_the_rules(config):
    check_architecture("vit", config={**SHAPES, **TINY, **config})


def test_later_blocks_are_skipped_more_often():
    model = create_model("vit", **SHAPES, **TINY | {"layers": 3}, stochastic_depth=0.4)
    shares = [model.get_layer(f"block{n}").stochastic_depth for n in (1, 2, 3)]
    assert shares == [0.0, 0.2, 0.4]


@pytest.mark.parametrize(
    "shape, message",
    [
        ((6, 5, 3), r"multiples of patch_size=2.*\(None, 6, 5, 3\)"),
        ((None, 4, 3), r"each of them known"),
        ((24,), r"\(height, width, channels\)"),
    ],
)
def test_images_that_cannot_be_cut_are_an_error(shape, message):
    with pytest.raises(UserError, match=message):
        create_model("vit", input_shape=shape, num_classes=5, **TINY)


@pytest.mark.long
def test_digits_are_learned():
    datasets = pytest.importorskip("sklearn.datasets")
    digits = datasets.load_digits()
    x = (digits.images[..., None] / 16).astype("float32")
    model = create_model("vit", input_shape=(8, 8, 1), num_classes=10, patch_size=2, layers=3)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(1e-3), loss, metrics=["accuracy"])
    model.fit(x[:1400], digits.target[:1400], batch_size=50, epochs=20, verbose=0)
    accuracy = model.evaluate(x[1400:], digits.target[1400:], verbose=0)[1]
    assert accuracy > 0.8  # of other writers; chance is 0.1

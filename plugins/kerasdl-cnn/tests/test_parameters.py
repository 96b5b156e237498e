"""Parameters counted from the papers' tables, not from the code."""

import numpy as np
import pytest

from kerasdl import create_model, model_info
from kerasdl.plugin import Spec

# Simonyan and Zisserman (2015), table 1, columns A, B, D, E; M is max pooling.
VGG = {
    11: "64 M 128 M 256 256 M 512 512 M 512 512 M",
    13: "64 64 M 128 128 M 256 256 M 512 512 M 512 512 M",
    16: "64 64 M 128 128 M 256 256 256 M 512 512 512 M 512 512 512 M",
    19: "64 64 M 128 128 M 256 256 256 256 M 512 512 512 512 M 512 512 512 512 M",
}
# Krizhevsky (2014): filters, kernel; pooling divides as it does at 224x224 and leaves 6x6.
ALEXNET = ((64, 11), (192, 5), (384, 3), (256, 3), (256, 3))


def conv(size, inputs, outputs, bias=True):
    return size * size * inputs * outputs + outputs * bias


def dense(*widths):
    return sum(a * b + b for a, b in zip(widths, widths[1:], strict=False))


def vgg(depth, side, widths, channels=3, norm=False):
    total = 0
    for entry in VGG[depth].split():
        if entry == "M":
            side //= 2
        else:
            total += conv(3, channels, int(entry), bias=not norm) + 2 * int(entry) * norm
            channels = int(entry)
    return total + dense(side * side * channels, *widths)


def alexnet(side, widths, channels=3):
    total = 0
    for filters, size in ALEXNET:
        total += conv(size, channels, filters)
        channels = filters
    return total + dense(side * side * channels, *widths)


def lenet5(channels=1, classes=10):
    return conv(5, channels, 6) + conv(5, 6, 16) + dense(5 * 5 * 16, 120, 84, classes)


def normalized_blocks(side, filters, classes=10):
    """Two 3x3 convolutions a block, each with batch normalization in place of a bias."""
    total, channels = 0, 1
    for width in filters:
        total += (
            conv(3, channels, width, bias=False) + conv(3, width, width, bias=False) + 4 * width
        )
        side, channels = side // 2, width
    return total + dense(side * side * channels, classes)


def trainable(model):
    return sum(int(np.prod(variable.shape)) for variable in model.trainable_variables)


STATED = {
    "cnn": {
        "cnn": normalized_blocks(28, (16, 32)),
        "cnn-small": normalized_blocks(28, (24, 40, 64)),
    },
    "lenet5": {"lenet5": lenet5()},
    "alexnet": {"alexnet": alexnet(6, (4096, 4096, 1000))},
    "vgg": {
        f"vgg{depth}{suffix}": vgg(depth, 224, (4096, 4096, 1000), norm=bool(suffix))
        for depth in VGG
        for suffix in ("", "-bn")
    },
}


def test_arithmetic_gives_the_known_totals():
    assert STATED["lenet5"]["lenet5"] == 61_706
    assert STATED["alexnet"]["alexnet"] == 61_100_840
    totals = [STATED["vgg"][f"vgg{depth}"] for depth in (11, 13, 16, 19)]
    assert totals == [132_863_336, 133_047_848, 138_357_544, 143_667_240]


@pytest.mark.parametrize("name", STATED)
def test_record_states_what_the_arithmetic_gives(name):
    record = model_info(name)
    assert dict(record.parameters) == STATED[name]
    side, channels, classes = (28, 1, 10) if name in ("cnn", "lenet5") else (224, 3, 1000)
    assert record.parameters_spec == Spec(
        task="image-classification", input_shape=(side, side, channels), outputs=classes
    )


@pytest.mark.parametrize(
    "shape, expected",
    [((28, 28, 1), lenet5()), ((32, 32, 1), lenet5()), ((32, 32, 3), lenet5(channels=3))],
)
def test_lenet5_has_them_at_28_and_32(shape, expected):
    assert trainable(create_model("lenet5", input_shape=shape, num_classes=10)) == expected


def test_alexnet_has_them_with_a_small_head():
    model = create_model("alexnet", input_shape=(63, 63, 3), num_classes=7, dense=(9,))
    assert trainable(model) == alexnet(1, (9, 7))
    names = [f"conv{n}" for n in range(1, 6)] + ["pool1", "pool2", "pool5"]
    sides = [model.get_layer(name).output.shape[1] for name in names]
    assert sides == [15, 7, 3, 3, 3, 7, 3, 1]


@pytest.mark.long
@pytest.mark.parametrize("depth, suffix", [(11, ""), (13, "-bn"), (16, ""), (19, "")])
def test_vgg_has_them_on_small_images(depth, suffix):
    model = create_model(f"vgg{depth}{suffix}", input_shape=(32, 32, 3), num_classes=7, dense=(9,))
    assert trainable(model) == vgg(depth, 32, (9, 7), norm=bool(suffix))
    layers = sum(
        1 for layer in model.layers if layer.name.endswith("head") or "_conv" in layer.name
    )
    assert layers == depth - 2  # one dense layer in place of two


@pytest.mark.parametrize(
    "config, expected",
    [
        ({}, normalized_blocks(8, (16, 32))),
        (
            {"filters": (4,), "convolutions": 1, "normalization": "none", "kernel_size": 5}
            | {"pool_size": 3},
            conv(5, 1, 4) + dense(2 * 2 * 4, 10),
        ),
        (
            {"filters": (8, 6), "convolutions": 1, "normalization": "layer", "head": "average"}
            | {"dense": (7, 5)},
            conv(3, 1, 8) + 2 * 8 + conv(3, 8, 6) + 2 * 6 + dense(6, 7, 5, 10),
        ),
        (
            {"filters": (8, 8), "convolutions": 1, "normalization": "group", "groups": 4}
            | {"pooling": "none"},
            conv(3, 1, 8) + 2 * 8 + conv(3, 8, 8) + 2 * 8 + dense(8 * 8 * 8, 10),
        ),
    ],
)  # fmt: skip
def test_cnn_has_those_counted_by_hand(config, expected):
    config = {"kernel_initializer": "zeros", **config}  # quicker made than random numbers
    model = create_model("cnn", input_shape=(8, 8, 1), num_classes=10, **config)
    assert trainable(model) == expected


@pytest.mark.parametrize("name", STATED["cnn"])
def test_cnn_has_those_stated(name):
    model = create_model(name, input_shape=(28, 28, 1), num_classes=10, kernel_initializer="zeros")
    assert trainable(model) == STATED["cnn"][name]


@pytest.mark.long
@pytest.mark.parametrize("name", [*STATED["alexnet"], *STATED["vgg"]])
def test_full_network_has_them_when_built(name):
    model = create_model(name, input_shape=(224, 224, 3), num_classes=1000)
    family = "alexnet" if name == "alexnet" else "vgg"
    assert trainable(model) == STATED[family][name]
    assert model.output_shape == (None, 1000)

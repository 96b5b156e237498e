"""Parameters counted from the papers' tables, not from the code."""

import keras
import numpy as np
import pytest

from kerasdl import create_model, model_info
from kerasdl.plugin import Spec

# He et al. (2016), table 1; 200 layers from "Identity Mappings in Deep Residual Networks".
BASIC = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3)}
BOTTLENECK = {50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3), 200: (3, 24, 36, 3)}
# Huang et al. (2017), table 1.
DENSE = {121: (6, 12, 24, 16), 169: (6, 12, 32, 32), 201: (6, 12, 48, 32)}


def conv(size, inputs, outputs, groups=1):
    return size * size * inputs // groups * outputs


def norm(channels):
    return 2 * channels


def dense(inputs, outputs):
    return inputs * outputs + outputs


def stages(blocks):
    """Stage, and whether the block is the stage's first."""
    return [(stage, place == 0) for stage, count in enumerate(blocks) for place in range(count)]


def resnet(blocks, channels=3, classes=1000, width=64, stem=7):
    total = conv(stem, channels, width) + norm(width)
    inputs = width
    for stage, first in stages(blocks):
        outputs = width * 2**stage
        total += conv(3, inputs, outputs) + conv(3, outputs, outputs) + 2 * norm(outputs)
        if first and stage:
            total += conv(1, inputs, outputs) + norm(outputs)
        inputs = outputs
    return total + dense(inputs, classes)


def bottlenecks(blocks, channels=3, classes=1000, cardinality=1, path=64, width=64, stem=7):
    total = conv(stem, channels, width) + norm(width)
    inputs = width
    for stage, first in stages(blocks):
        inside, outputs = cardinality * path * 2**stage, 4 * width * 2**stage
        total += conv(1, inputs, inside) + norm(inside)
        total += conv(3, inside, inside, cardinality) + norm(inside)
        total += conv(1, inside, outputs) + norm(outputs)
        if first:
            total += conv(1, inputs, outputs) + norm(outputs)
        inputs = outputs
    return total + dense(inputs, classes)


def preactivated(blocks, bottleneck, channels=3, classes=1000, stem=7):
    """A norm before every convolution but the stem and the projections, and one at the end."""
    total, inputs = conv(stem, channels, 64), 64
    for stage, first in stages(blocks):
        inside = 64 * 2**stage
        outputs = 4 * inside if bottleneck else inside
        total += norm(inputs) + norm(inside)
        if bottleneck:
            total += conv(1, inputs, inside) + conv(3, inside, inside) + norm(inside)
            total += conv(1, inside, outputs)
        else:
            total += conv(3, inputs, inside) + conv(3, inside, inside)
        if first and inputs != outputs:
            total += conv(1, inputs, outputs)
        inputs = outputs
    return total + norm(inputs) + dense(inputs, classes)


def cifar_resnet(depth, channels=3, classes=10):
    """Section 4.2: 2n layers for each of 16, 32 and 64 channels; shortcuts are free."""
    n = (depth - 2) // 6
    total, inputs = conv(3, channels, 16) + norm(16), 16
    for outputs in (16, 32, 64):
        total += conv(3, inputs, outputs) + (2 * n - 1) * conv(3, outputs, outputs)
        total += 2 * n * norm(outputs)
        inputs = outputs
    return total + dense(64, classes)


def wide_resnet(depth, k, channels=3, classes=10):
    n = (depth - 4) // 6
    total, inputs = conv(3, channels, 16), 16
    for outputs in (16 * k, 32 * k, 64 * k):
        total += norm(inputs) + conv(3, inputs, outputs) + (2 * n - 1) * norm(outputs)
        total += (2 * n - 1) * conv(3, outputs, outputs)
        total += conv(1, inputs, outputs) if inputs != outputs else 0
        inputs = outputs
    return total + norm(inputs) + dense(inputs, classes)


def densenet(blocks, growth=32, channels=3, classes=1000, large=True, compression=0.5):
    inputs = 2 * growth
    total = conv(7, channels, inputs) + norm(inputs) if large else conv(3, channels, inputs)
    for stage, depth in enumerate(blocks):
        if stage:
            kept = int(inputs * compression)
            total += norm(inputs) + conv(1, inputs, kept)
            inputs = kept
        for _ in range(depth):
            total += norm(inputs) + conv(1, inputs, 4 * growth)
            total += norm(4 * growth) + conv(3, 4 * growth, growth)
            inputs += growth
    return total + norm(inputs) + dense(inputs, classes)


def densenet_bc(depth, growth):
    return densenet(((depth - 4) // 6,) * 3, growth, classes=10, large=False)


STATED = {
    "resnet": {
        "resnet": resnet(BASIC[18]),
        **{f"resnet{depth}": resnet(blocks) for depth, blocks in BASIC.items()},
        **{f"resnet{depth}-v2": preactivated(blocks, False) for depth, blocks in BASIC.items()},
        **{f"resnet{depth}": bottlenecks(blocks) for depth, blocks in BOTTLENECK.items()},
        **{f"resnet{depth}-v2": preactivated(blocks, True) for depth, blocks in BOTTLENECK.items()},
    },
    "cifar-resnet": {
        "cifar-resnet": cifar_resnet(20),
        **{f"cifar-resnet{depth}": cifar_resnet(depth) for depth in (20, 32, 44, 56, 110)},
    },
    "resnext": {
        "resnext": bottlenecks(BOTTLENECK[50], cardinality=32, path=4),
        "resnext50-32x4d": bottlenecks(BOTTLENECK[50], cardinality=32, path=4),
        "resnext101-32x8d": bottlenecks(BOTTLENECK[101], cardinality=32, path=8),
    },
    "wide-resnet": {
        "wide-resnet": wide_resnet(16, 4),
        "wrn-16-8": wide_resnet(16, 8),
        "wrn-28-10": wide_resnet(28, 10),
        "wrn-40-4": wide_resnet(40, 4),
    },
    "densenet": {
        "densenet": densenet(DENSE[121]),
        **{f"densenet{depth}": densenet(blocks) for depth, blocks in DENSE.items()},
    },
    "densenet-bc": {
        "densenet-bc": densenet_bc(100, 12),
        "densenet-bc-100-12": densenet_bc(100, 12),
        "densenet-bc-190-40": densenet_bc(190, 40),
        "densenet-bc-250-24": densenet_bc(250, 24),
    },
}
PUBLISHED = {
    "resnet18": 11_689_512,
    "resnet34": 21_797_672,
    "resnet50": 25_557_032,
    "resnet101": 44_549_160,
    "resnet152": 60_192_808,
    "resnet200": 64_673_832,
    "resnext50-32x4d": 25_028_904,
    "resnext101-32x8d": 88_791_336,
    "densenet121": 7_978_856,
    "densenet169": 14_149_480,
    "densenet201": 20_013_928,
    "cifar-resnet20": 269_722,
    "cifar-resnet32": 464_154,
    "cifar-resnet44": 658_586,
    "cifar-resnet56": 853_018,
    "cifar-resnet110": 1_727_962,
    "wrn-28-10": 36_479_194,
    "wrn-40-4": 8_949_210,
}
SMALL = ("cifar-resnet", "wide-resnet", "densenet-bc")


def trainable(model):
    return sum(int(np.prod(variable.shape)) for variable in model.trainable_variables)


@pytest.fixture
def quickly_made(monkeypatch):
    """Zeros in place of random numbers: the count is the same."""
    make = keras.initializers.Zeros()
    for kind in ("VarianceScaling", "HeNormal", "GlorotUniform"):
        initializer = getattr(keras.initializers, kind)
        monkeypatch.setattr(
            initializer, "__call__", lambda self, shape, dtype=None, **_: make(shape, dtype)
        )


def test_arithmetic_gives_the_published_totals():
    counted = {name: count for family in STATED.values() for name, count in family.items()}
    assert {name: counted[name] for name in PUBLISHED} == PUBLISHED


@pytest.mark.parametrize("name", STATED)
def test_record_states_what_the_arithmetic_gives(name):
    record = model_info(name)
    assert dict(record.parameters) == STATED[name]
    assert set(record.variants) <= set(record.parameters)
    side, classes = (32, 10) if name in SMALL else (224, 1000)
    assert record.parameters_spec == Spec(
        task="image-classification", input_shape=(side, side, 3), outputs=classes
    )


SMALLEST = [
    ("resnet", {"blocks": (1, 2), "width": 4}, resnet((1, 2), 1, 7, 4, stem=3)),
    (
        "resnet",
        {"blocks": (1, 1), "width": 4, "block": "bottleneck"},
        bottlenecks((1, 1), 1, 7, path=4, width=4, stem=3),
    ),
    (
        "resnext",
        {"blocks": (1, 1), "width": 4, "cardinality": 2, "path_width": 3},
        bottlenecks((1, 1), 1, 7, cardinality=2, path=3, width=4, stem=3),
    ),
    ("cifar-resnet", {"depth": 8}, cifar_resnet(8, 1, 7)),
    ("wide-resnet", {"depth": 10, "widening": 2}, wide_resnet(10, 2, 1, 7)),
    (
        "densenet",
        {"blocks": (2, 1), "growth": 3, "stem": "imagenet", "compression": 0.3},
        densenet((2, 1), 3, 1, 7, compression=0.3),
    ),
    ("densenet-bc", {"depth": 10, "growth": 3}, densenet((1, 1, 1), 3, 1, 7, large=False)),
]


@pytest.mark.parametrize("name, config, expected", SMALLEST)
def test_small_networks_have_those_counted(quickly_made, name, config, expected):
    model = create_model(name, input_shape=(9, 8, 1), num_classes=7, **config)
    assert trainable(model) == expected


@pytest.mark.long
@pytest.mark.parametrize("name", sorted({name for family in STATED.values() for name in family}))
def test_full_network_has_them_when_built(quickly_made, name):
    record = model_info(name)
    model = create_model(name, spec=record.parameters_spec)
    assert trainable(model) == record.parameters[name]
    assert model.output_shape == (None, record.parameters_spec.outputs)

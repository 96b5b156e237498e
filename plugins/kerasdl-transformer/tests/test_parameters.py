"""Parameters counted from the papers' tables, not from the code."""

import keras
import numpy as np
import pytest

from kerasdl import create_model, model_info
from kerasdl.plugin import Spec


def block(width, hidden, attentions=1):
    """Four matrices an attention, two of the network, a bias each, and a norm before each."""
    attention = 4 * width * width + 4 * width
    network = 2 * width * hidden + hidden + width
    return attentions * attention + network + (attentions + 1) * 2 * width


def gpt(layers, width, vocabulary=50257, context=1024):
    tables = (vocabulary + context) * width
    return tables + layers * block(width, 4 * width) + 2 * width


def modern(layers, width, heads, kv_heads, hidden, vocabulary=50257):
    """No biases, norms with one vector, three matrices a network, positions by rotation."""
    size = width // heads
    attention = width * size * (2 * heads + 2 * kv_heads) + 2 * size
    return vocabulary * width + layers * (attention + 3 * width * hidden + 2 * width) + width


def post_norm(layers, width, hidden, vocabulary):
    """Vaswani et al.: one shared table, no norm at the end."""
    return vocabulary * width + layers * (block(width, hidden) + block(width, hidden, 2))


def vit(layers, width, side, patch, channels, classes, token=True):
    tokens = (side // patch) ** 2 + token
    embedding = patch * patch * channels * width + width + token * width + tokens * width
    return embedding + layers * block(width, 4 * width) + 2 * width + width * classes + classes


STATED = {
    "gpt": {
        "gpt2": gpt(12, 768),
        "gpt2-medium": gpt(24, 1024),
        "gpt2-large": gpt(36, 1280),
        "gpt2-xl": gpt(48, 1600),
        "gpt-modern": modern(12, 768, 12, 4, 2048),
    },
    "transformer": {"transformer-base": post_norm(6, 512, 2048, 37000)},
    "vit": {
        "vit-tiny": vit(12, 192, 224, 16, 3, 1000),
        "vit-small": vit(12, 384, 224, 16, 3, 1000),
        "vit-base": vit(12, 768, 224, 16, 3, 1000),
    },
}
# Hugging Face's GPT-2 checkpoints, torch.nn.Transformer's default, timm's ViTs.
PUBLISHED = {
    "gpt2": 124_439_808,
    "gpt2-medium": 354_823_168,
    "gpt2-large": 774_030_080,
    "gpt2-xl": 1_557_611_200,
    "vit-tiny": 5_717_416,
    "vit-small": 22_050_664,
    "vit-base": 86_567_656,
}
LARGE = ("gpt2-medium", "gpt2-large", "gpt2-xl")
VITS = {"layers": 2, "heads": 2, "width": 8}


def trainable(model):
    return sum(int(np.prod(variable.shape)) for variable in model.trainable_variables)


@pytest.fixture
def quickly_made(monkeypatch):
    """Zeros in place of random numbers: the count is the same."""
    make = keras.initializers.Zeros()
    for kind in ("VarianceScaling", "GlorotUniform", "RandomNormal", "TruncatedNormal"):
        initializer = getattr(keras.initializers, kind)
        monkeypatch.setattr(
            initializer, "__call__", lambda self, shape, dtype=None, **_: make(shape, dtype)
        )


@pytest.mark.once
def test_arithmetic_gives_the_published_totals():
    counted = {name: count for family in STATED.values() for name, count in family.items()}
    assert {name: counted[name] for name in PUBLISHED} == PUBLISHED
    # torch.nn.Transformer() has a norm at the end of each half, and no table.
    assert post_norm(6, 512, 2048, 0) + 2 * 2 * 512 == 44_140_544


@pytest.mark.once
@pytest.mark.parametrize("name", STATED)
def test_record_states_what_the_arithmetic_gives(name):
    assert dict(model_info(name).parameters) == STATED[name]


SMALL = [
    ("gpt2", {"vocab_size": 11, "context": 5}, {"layers": 2, "width": 12}, gpt(2, 12, 11, 5)),
    (
        "gpt-modern",
        {"vocab_size": 11},
        {"layers": 2, "width": 24, "heads": 4, "kv_heads": 2},
        modern(2, 24, 4, 2, 64, 11),
    ),
    (
        "vit-tiny",
        {"input_shape": (8, 8, 1), "num_classes": 3},
        {**VITS, "patch_size": 4},
        vit(2, 8, 8, 4, 1, 3),
    ),
    (
        "vit-mini",
        {"input_shape": (8, 8, 1), "num_classes": 3},
        VITS,
        vit(2, 8, 8, 4, 1, 3, token=False),
    ),
]


@pytest.mark.parametrize("name, shapes, config, expected", SMALL)
def test_small_networks_have_those_counted(quickly_made, name, shapes, config, expected):
    assert trainable(create_model(name, **shapes, **config)) == expected


def test_small_translator_has_those_counted(quickly_made):
    spec = Spec(task="sequence-to-sequence", vocab_size=9, target_vocab_size=9)
    model = create_model("transformer-base", spec=spec, layers=2, width=8, heads=2, hidden=12)
    assert trainable(model) == post_norm(2, 8, 12, 9)
    spec = spec.replace(vocab_size=7)
    config = {"layers": 1, "width": 8, "heads": 2, "hidden": 12, "tied": False}
    model = create_model("transformer", spec=spec, **config)
    two_tables_and_a_head = post_norm(1, 8, 12, 7 + 9 + 9)
    assert trainable(model) == two_tables_and_a_head + 2 * 2 * 8


@pytest.mark.long
@pytest.mark.parametrize(
    "name", [name for family in STATED.values() for name in family if name not in LARGE]
)
def test_full_network_has_them_when_built(quickly_made, name):
    record = model_info(name)
    model = create_model(name, spec=record.parameters_spec)
    assert trainable(model) == record.parameters[name]

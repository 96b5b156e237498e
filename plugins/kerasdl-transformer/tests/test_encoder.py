"""The encoder: tasks, padding, characters, and PyTorch's network."""

import keras
import numpy as np
import pytest

from kerasdl import create_model
from kerasdl.errors import UserError
from kerasdl.plugin import Spec
from kerasdl.testing import check_architecture

TOO_SMALL = {"over_fits_ten_samples": "so few units learn no ten samples by heart"}
TINY = {"layers": 2, "heads": 2, "width": 8, "dropout": 0.0}
CLASSES = Spec(task="text-classification", vocab_size=11, outputs=3, context=9)
LABELS = Spec(
    task="sequence-labelling", vocab_size=11, outputs=3, context=9, characters=17, word_length=5
)
HIDDEN = Spec(task="masked-language-modelling", vocab_size=11, context=9)


@pytest.mark.parametrize("spec", [CLASSES, LABELS], ids=lambda spec: spec.task)
def test_padding_is_not_seen(spec):
    check_architecture(
        "transformer-encoder", spec=spec, config=TINY, only=["padding_changes_nothing"]
    )


@pytest.mark.long
def test_labelling_form_can_be_saved():
    config = {**TINY, "layers": 1}
    check_architecture("transformer-encoder", spec=LABELS, config=config, only=["save_and_load"])


@pytest.mark.long
@pytest.mark.once
@pytest.mark.parametrize("spec", [CLASSES, LABELS, HIDDEN], ids=lambda spec: spec.task)
@pytest.mark.parametrize(
    "config",
    [
        {},
        {"norm_first": False, "positions": "learned", "dropout": 0.1, "pooling": "first"},
        {"positions": "alibi", "attention_dropout": 0.1},
        {"positions": "rotary"},
    ],
    ids=lambda config: config.get("positions", "plain"),
)
def test_every_form_keeps_the_rules(spec, config):
    check_architecture("transformer-encoder", spec=spec, config={**TINY, **config}, skip=TOO_SMALL)


@pytest.mark.parametrize("pooling", ["mean", pytest.param("first", marks=pytest.mark.long)])
def test_equals_pytorch(rng, filled, predict, arrays, fill_block, pooling):
    torch = pytest.importorskip("torch")
    config = {**TINY, "positions": "learned", "pooling": pooling}
    model = filled(create_model("transformer-encoder", spec=CLASSES, **config))
    weights = arrays(model)
    layer = torch.nn.TransformerEncoderLayer(
        8, 2, 32, dropout=0.0, activation="gelu", norm_first=True, batch_first=True
    )
    theirs = torch.nn.TransformerEncoder(
        layer, 2, torch.nn.LayerNorm(8), enable_nested_tensor=False
    ).eval()
    for number, block in enumerate(theirs.layers, 1):
        fill_block(block, weights, f"block{number}")
    fill_block.norm(theirs.norm, weights, "final_norm")
    table = weights.pop("embedding/embeddings")
    places = weights.pop("positions/table/table")
    kernel, bias = weights.pop("head/kernel"), weights.pop("head/bias")
    assert not weights
    lengths = np.array([7, 4, 1])
    tokens = rng.integers(1, 11, (3, 7)).astype("int32")
    tokens[np.arange(7) >= lengths[:, None]] = 0
    x = torch.tensor(table[tokens] + places[:7])
    states = theirs(x, src_key_padding_mask=torch.tensor(tokens == 0)).numpy()
    means = [state[:length].mean(0) for state, length in zip(states, lengths, strict=True)]
    texts = np.stack(means) if pooling == "mean" else states[:, 0]
    found = predict(model, tokens)
    np.testing.assert_allclose(found, texts @ kernel + bias, rtol=1e-4, atol=1e-4)


def test_both_directions_are_read(rng, filled, predict):
    model = filled(create_model("transformer-encoder", spec=HIDDEN, **TINY | {"layers": 1}))
    tokens = rng.integers(1, 11, (1, 6)).astype("int32")
    changed = tokens.copy()
    changed[:, 3] = tokens[:, 3] % 10 + 1
    moved = np.abs(predict(model, tokens) - predict(model, changed)).max(axis=(0, 2))
    assert moved.shape == (6,) and (moved > 1e-6).all()


def test_an_empty_text_gives_numbers(predict):
    model = create_model("transformer-encoder", spec=CLASSES, **TINY | {"layers": 1})
    assert np.isfinite(predict(model, np.zeros((2, 4), "int32"))).all()


@pytest.mark.long
def test_characters_tell_unseen_words_apart(rng):
    """The word is always the same; the label is its last character."""
    characters = np.zeros((64, 4, 5), "int32")
    for length in (2, 3, 4, 5):
        rows = slice(16 * (length - 2), 16 * (length - 1))
        characters[rows, :, :length] = rng.integers(1, 4, (16, 4, length))
    words = np.ones((64, 4), "int32")
    last = (characters != 0).sum(-1) - 1
    labels = np.take_along_axis(characters, last[..., None], axis=2)[..., 0] - 1
    model = create_model("transformer-encoder", spec=LABELS, **TINY | {"layers": 1, "width": 16})
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.02), loss, metrics=["accuracy"])
    history = model.fit([words, characters], labels, batch_size=16, epochs=20, verbose=0)
    assert history.history["accuracy"][-1] > 0.95


@pytest.mark.parametrize(
    "changes, config, message",
    [
        ({"word_length": None}, {}, "`word_length` must be given.*characters=17"),
        ({"outputs": None}, {}, "the number of outputs"),
        ({"context": None}, {"positions": "learned"}, "learned positions"),
        ({}, {"pooling": "last"}, "mean, first"),
    ],
)
def test_says_what_is_wrong(changes, config, message):
    with pytest.raises(UserError, match=message):
        config = {**TINY, "layers": 1, **config}
        create_model("transformer-encoder", spec=LABELS.replace(**changes), **config)

"""The encoder-decoder transformer against PyTorch's, and its rules."""

import numpy as np
import pytest

from kerasdl import create_model
from kerasdl.errors import UserError
from kerasdl.plugin import Spec
from kerasdl.testing import check_architecture

TINY = {"layers": 2, "heads": 2, "width": 8, "hidden": 12, "dropout": 0.0}
SPEC = Spec(
    task="sequence-to-sequence", vocab_size=11, target_vocab_size=13, context=9, target_context=8
)


def sines(steps, width):
    table = np.zeros((steps, width))
    for t in range(steps):
        for k in range(0, width, 2):
            angle = t / 10000 ** (k / width)
            table[t, k], table[t, k + 1] = np.sin(angle), np.cos(angle)
    return table


def torch_transformer(norm_first):
    """PyTorch's own, but for its last norms, which the post-norm form of the paper has not."""
    from torch import nn

    how = {"norm_first": norm_first, "batch_first": True}
    norms = [nn.LayerNorm(8) if norm_first else None for _ in range(2)]
    encoder = nn.TransformerEncoder(
        nn.TransformerEncoderLayer(8, 2, 12, 0.0, **how), 2, norms[0], enable_nested_tensor=False
    )
    decoder = nn.TransformerDecoder(nn.TransformerDecoderLayer(8, 2, 12, 0.0, **how), 2, norms[1])
    whole = nn.Transformer(8, 2, batch_first=True, custom_encoder=encoder, custom_decoder=decoder)
    return whole.eval()


@pytest.mark.parametrize(
    "norm_first", [True, pytest.param(False, marks=pytest.mark.long)], ids=["pre", "post"]
)
def test_equals_pytorch(rng, filled, predict, arrays, fill_block, norm_first):
    torch = pytest.importorskip("torch")
    model = filled(create_model("transformer", spec=SPEC, **TINY, norm_first=norm_first))
    weights = arrays(model)
    theirs = torch_transformer(norm_first)
    for half in ("encoder", "decoder"):
        module = getattr(theirs, half)
        for number, block in enumerate(module.layers, 1):
            fill_block(block, weights, f"{half}_block{number}")
        if norm_first:
            fill_block.norm(module.norm, weights, f"{half}_norm")
    source_table = weights.pop("source_embedding/embeddings")
    target_table = weights.pop("target_embedding/embeddings")
    assert not weights
    source, previous = (rng.integers(1, 11, (3, steps)).astype("int32") for steps in (6, 5))
    lengths = np.array([6, 3, 1])
    source[np.arange(6) >= lengths[:, None]] = 0
    found = predict(model, source, previous)
    x = source_table[source] * 8**0.5 + sines(6, 8)
    y = target_table[previous] * 8**0.5 + sines(5, 8)
    hidden = torch.tensor(source == 0)
    states = theirs(
        torch.tensor(x, dtype=torch.float32),
        torch.tensor(y, dtype=torch.float32),
        tgt_mask=torch.triu(torch.ones(5, 5, dtype=torch.bool), 1),
        src_key_padding_mask=hidden,
        memory_key_padding_mask=hidden,
    ).numpy()
    np.testing.assert_allclose(found, states @ target_table.T, rtol=1e-4, atol=1e-4)


RULES = ["padding_changes_nothing", "later_tokens_change_nothing", "save_and_load"]


@pytest.mark.long
@pytest.mark.once
def test_small_form_keeps_the_rules():
    check_architecture("transformer", spec=SPEC, config={**TINY, "tied": False}, only=RULES)


@pytest.mark.long
@pytest.mark.once
@pytest.mark.parametrize(
    "config",
    [
        {},
        {"norm_first": False, "positions": "learned", "dropout": 0.1},
        {"positions": "rotary", "activation": "gelu", "attention_dropout": 0.1},
    ],
)
def test_every_form_keeps_the_rules(config):
    # A key's bias moves all scores of a query alike, which a softmax does not see.
    check_architecture("transformer", spec=SPEC, config={**TINY, **config})


def test_one_embedding_can_serve_both_texts(arrays):
    spec = SPEC.replace(vocab_size=13)
    model = create_model("transformer", spec=spec, **TINY | {"layers": 1}, shared=True)
    tables = [path for path in arrays(model) if path.endswith("embeddings")]
    assert tables == ["target_embedding/embeddings"]
    with pytest.raises(UserError, match="shared=True, vocab_size=11, target_vocab_size=13"):
        create_model("transformer", spec=SPEC, **TINY, shared=True)


@pytest.mark.parametrize(
    "changes, config, message",
    [
        ({"target_vocab_size": None}, {}, "`target_vocab_size` must be at least 1"),
        ({"context": None}, {"positions": "learned"}, "learned positions .*`context`"),
        ({}, {"activation": "rlu"}, "`activation`.*activation='rlu'.*'relu'"),
        ({}, {"heads": 3}, "num_heads=3, D=8"),
    ],
)
def test_says_what_is_wrong(changes, config, message):
    with pytest.raises(UserError, match=message):
        create_model("transformer", spec=SPEC.replace(**changes), **{**TINY, **config})

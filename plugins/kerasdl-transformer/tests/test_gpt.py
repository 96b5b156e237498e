"""The decoder-only transformer against Hugging Face's networks, and its rules."""

import keras
import numpy as np
import pytest

from kerasdl import create_model
from kerasdl.errors import UserError
from kerasdl.layers import MultiHeadAttention
from kerasdl.plugin import Spec
from kerasdl.testing import check_architecture

TINY = {"layers": 2, "heads": 2, "width": 8, "dropout": 0.0}
SPEC = Spec(task="language-modelling", vocab_size=11, context=9)
FORMS = {
    "rotary": {"positions": "rotary", "norm": "rms", "gated": True, "kv_heads": 1},
    "alibi": {"positions": "alibi", "bias": False, "qk_norm": True},
    "sinusoidal": {"positions": "sinusoidal", "tied": False, "window": 3},
    "dropout": {"dropout": 0.1, "attention_dropout": 0.1},
}


def test_gpt2_equals_hugging_face(rng, filled, predict, arrays):
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    config = transformers.GPT2Config(
        vocab_size=23, n_positions=16, n_embd=24, n_layer=2, n_head=3, use_cache=False
    )
    theirs = transformers.GPT2LMHeadModel(config).eval()
    config = {"layers": 2, "heads": 3, "width": 24}
    model = filled(create_model("gpt2", vocab_size=23, context=16, **config))
    weights = arrays(model)

    def copy(parameter, path):
        parameter.copy_(torch.tensor(weights.pop(path)))

    with torch.no_grad():
        copy(theirs.transformer.wte.weight, "embedding/embeddings")
        copy(theirs.transformer.wpe.weight, "positions/table/table")
        for number, block in enumerate(theirs.transformer.h, 1):
            attention, network = f"block{number}_attention", f"block{number}_network"
            for part, path in [
                (block.ln_1, f"{attention}_norm"),
                (block.attn.c_attn, f"{attention}/query_key_value"),
                (block.attn.c_proj, f"{attention}/output"),
                (block.ln_2, f"{network}_norm"),
                (block.mlp.c_fc, f"{network}/expand"),
                (block.mlp.c_proj, f"{network}/contract"),
            ]:
                copy(part.weight, f"{path}/{'gamma' if 'norm' in path else 'kernel'}")
                copy(part.bias, f"{path}/{'beta' if 'norm' in path else 'bias'}")
        copy(theirs.transformer.ln_f.weight, "final_norm/gamma")
        copy(theirs.transformer.ln_f.bias, "final_norm/beta")
        assert not weights
        tokens = rng.integers(0, 23, (3, 16))
        expected = theirs(torch.tensor(tokens)).logits.numpy()
    assert np.abs(expected).max() > 1
    found = predict(model, tokens.astype("int32"))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.long
def test_modern_form_equals_hugging_face(rng, filled, predict, arrays):
    """Qwen3 is the form with rotation, grouped queries, norms of queries and keys, SwiGLU."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    config = transformers.Qwen3Config(
        vocab_size=23,
        hidden_size=24,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=6,
        max_position_embeddings=16,
        rms_norm_eps=1e-5,
        tie_word_embeddings=True,
        use_cache=False,
    )
    theirs = transformers.Qwen3ForCausalLM(config).eval()
    config = {"layers": 2, "heads": 4, "kv_heads": 2, "width": 24}
    model = filled(create_model("gpt-modern", vocab_size=23, **config))
    weights = arrays(model)

    def copy(parameters, path):
        whole = torch.tensor(weights.pop(path))
        sizes = [len(parameter) for parameter in parameters]
        for parameter, part in zip(parameters, whole.transpose(0, -1).split(sizes), strict=True):
            parameter.copy_(part)

    with torch.no_grad():
        theirs.model.embed_tokens.weight.copy_(torch.tensor(weights.pop("embedding/embeddings")))
        for number, block in enumerate(theirs.model.layers, 1):
            attention, network = f"block{number}_attention", f"block{number}_network"
            head, mlp = block.self_attn, block.mlp
            copy([block.input_layernorm.weight], f"{attention}_norm/scale")
            projections = [head.q_proj.weight, head.k_proj.weight, head.v_proj.weight]
            copy(projections, f"{attention}/query_key_value/kernel")
            copy([head.q_norm.weight], f"{attention}/query_norm/scale")
            copy([head.k_norm.weight], f"{attention}/key_norm/scale")
            copy([head.o_proj.weight], f"{attention}/output/kernel")
            copy([block.post_attention_layernorm.weight], f"{network}_norm/scale")
            copy([mlp.gate_proj.weight, mlp.up_proj.weight], f"{network}/expand/kernel")
            copy([mlp.down_proj.weight], f"{network}/contract/kernel")
        copy([theirs.model.norm.weight], "final_norm/scale")
        assert not weights
        tokens = rng.integers(0, 23, (3, 16))
        expected = theirs(torch.tensor(tokens)).logits.numpy()
    assert np.abs(expected).max() > 1
    found = predict(model, tokens.astype("int32"))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


def test_first_weights_are_those_of_gpt2(arrays):
    model = create_model(
        "gpt", vocab_size=300, context=64, layers=2, heads=2, width=64, dropout=0.0
    )
    weights = arrays(model)
    kernels = {path: array for path, array in weights.items() if array.ndim == 2}
    for path, array in kernels.items():
        last = path.endswith(("output/kernel", "contract/kernel"))
        expected = 0.02 / 2 if last else 0.02  # 1 / sqrt(2 * 2 layers)
        np.testing.assert_allclose(array.std(), expected, rtol=0.05, err_msg=path)
    assert sum(path.endswith(("output/kernel", "contract/kernel")) for path in kernels) == 4
    for path, array in weights.items():
        if array.ndim == 1:
            np.testing.assert_array_equal(array, float(path.endswith("gamma")))


RULES = ["padding_changes_nothing", "later_tokens_change_nothing", "save_and_load"]


@pytest.mark.long
@pytest.mark.once
def test_small_form_keeps_the_rules():
    check_architecture("gpt", spec=SPEC, config={**TINY, **FORMS["rotary"]}, only=RULES)


@pytest.mark.long
@pytest.mark.once
@pytest.mark.parametrize("form", ["plain", *FORMS])
def test_every_form_keeps_the_rules(form):
    plain = form in ("plain", "dropout")
    check_architecture(
        "gpt",
        spec=SPEC,
        config={**TINY, **FORMS.get(form, {})},
        no_gradient=["query_key_value/bias"] if plain else (),
    )


def test_a_window_hides_what_is_far(rng, filled, predict):
    model = filled(create_model("gpt", spec=SPEC, **TINY | {"layers": 1, "window": 3}))
    tokens = rng.integers(1, 11, (1, 9)).astype("int32")
    changed = tokens.copy()
    changed[:, 2] = tokens[:, 2] % 10 + 1
    before, after = predict(model, tokens), predict(model, changed)
    reached = np.abs(before - after).max(axis=(0, 2)) > 1e-5
    assert reached.tolist() == [False, False, True, True, True, False, False, False, False]


def test_loss_falls_in_fit(rng):
    """Counting upwards, modulo ten, is learned."""
    start = rng.integers(0, 10, (64, 1))
    texts = ((start + np.arange(9)) % 10 + 1).astype("int32")
    model = create_model("nanogpt-cpu", spec=SPEC, layers=1, heads=2, width=16)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.02), loss)
    history = model.fit(texts[:, :-1], texts[:, 1:], batch_size=32, epochs=15, verbose=0)
    losses = history.history["loss"]
    assert losses[0] > 1.5 and losses[-1] < 0.3


@pytest.mark.parametrize(
    "name, shapes, config, message",
    [
        ("gpt", {"vocab_size": 7}, {}, "learned positions .* `context`.*context=None"),
        ("gpt", {"context": 7}, {}, "`vocab_size` must be at least 1"),
        ("gpt", {"vocab_size": 7, "context": 7}, {"heads": 3}, "num_heads=3, D=128"),
        ("gpt", {"vocab_size": 7, "context": 7}, {"kv_heads": 3}, "`kv_heads` must divide"),
        ("gpt", {"vocab_size": 7, "context": 7}, {"positions": "no"}, "learned, rotary, alibi"),
        ("gpt-modern", {"vocab_size": 7}, {"heads": 256, "kv_heads": 1}, "even `head_size`"),
    ],
)
def test_says_what_is_wrong(quickly, name, shapes, config, message):
    with pytest.raises(UserError, match=message):
        create_model(name, task="language-modelling", **shapes, **{**quickly, **config})


@pytest.fixture
def quickly():
    return {"layers": 1}


def test_a_text_longer_than_the_context_is_an_error(rng):
    model = create_model("gpt", spec=SPEC, **TINY)
    with pytest.raises(UserError, match="at most max_length=9 time steps"):
        model(np.ones((1, 10), "int32"))


@pytest.mark.long
def test_heads_can_be_looked_at(rng):
    """The attention of each block is a layer of the model, which gives its weights."""
    model = create_model("gpt", spec=SPEC, **TINY)
    layers = [layer for layer in model.layers if isinstance(layer, MultiHeadAttention)]
    assert [layer.name for layer in layers] == ["block1_attention", "block2_attention"]
    tokens = rng.integers(1, 11, (2, 5)).astype("int32")
    seen = keras.Model(model.input, layers[1].input)(tokens)
    weights = keras.ops.convert_to_numpy(layers[1](seen, return_weights=True)[1])
    assert weights.shape == (2, 2, 5, 5)
    np.testing.assert_allclose(weights.sum(-1), 1, rtol=1e-5)
    assert not np.triu(weights, 1).any()

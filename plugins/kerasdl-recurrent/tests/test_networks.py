import itertools

import keras
import numpy as np
import pytest

from kerasdl import create_model
from kerasdl.errors import UserError
from kerasdl.plugin import Spec
from kerasdl.testing import check_architecture

TOO_SMALL = {"over_fits_ten_samples": "so few units learn no ten samples by heart"}
SMALL = {"embedding": 4, "units": 5}
TEXT = Spec(task="text-classification", vocab_size=9, outputs=3)
LABELS = Spec(task="sequence-labelling", vocab_size=9, outputs=3)
SPELT = LABELS.replace(characters=6, word_length=4)
LANGUAGE = Spec(task="language-modelling", vocab_size=9)
SERIES = Spec(task="forecasting", input_shape=(6, 2), horizon=3, outputs=2)


def plain(tensor):
    return keras.ops.convert_to_numpy(tensor)


def filled(model, rng, scale=0.5):
    for variable in model.trainable_variables:
        variable.assign(rng.normal(scale=scale, size=variable.shape))
    return model


def padded(rng, *lengths, width):
    tokens = np.zeros((len(lengths), width), "int32")
    for row, length in enumerate(lengths):
        tokens[row, :length] = rng.integers(1, 9, length)
    return tokens


@pytest.mark.long
@pytest.mark.once
def test_classifier_with_every_dropout_keeps_the_rules():
    drops = {"embedding_dropout": 0.2, "word_dropout": 0.1, "weight_drop": 0.2}
    only = ("every_variable_has_gradient", "loss_falls", "save_and_load")
    check_architecture("lstm", spec=TEXT, config={**SMALL, **drops}, only=only)


@pytest.mark.long
@pytest.mark.once
def test_deep_classifier_with_every_dropout_keeps_the_rules():
    drops = {"embedding_dropout": 0.2, "word_dropout": 0.1, "weight_drop": 0.2}
    check_architecture("bigru", spec=TEXT, config={**SMALL, **drops, "layers": 2}, skip=TOO_SMALL)


@pytest.mark.long
@pytest.mark.once
@pytest.mark.parametrize("name", ["lstm", "simple-rnn", "bilstm"])
@pytest.mark.parametrize("pooling", ["last", "mean"])
def test_classifiers_keep_the_rules(name, pooling):
    check_architecture(name, spec=TEXT, config={**SMALL, "pooling": pooling}, skip=TOO_SMALL)


@pytest.mark.long
@pytest.mark.once
@pytest.mark.parametrize("encoder", ["convolution", "lstm"])
def test_labellers_keep_the_rules(encoder):
    sizes = {"character_size": 3, "character_units": 3}
    config = {**SMALL, **sizes, "character_encoder": encoder, "word_dropout": 0.1}
    words = np.random.default_rng(0).integers(1, 9, (4, 8))
    letters = np.random.default_rng(1).integers(1, 6, (4, 8, 4))
    check_architecture("bilstm", spec=SPELT, config=config, inputs=[words, letters], skip=TOO_SMALL)
    check_architecture("gru", spec=LABELS, config=SMALL, skip=TOO_SMALL)


@pytest.mark.long
@pytest.mark.once
@pytest.mark.parametrize(("name", "tied"), [("lstm", True), ("gru", False), ("simple-rnn", True)])
def test_language_models_keep_the_rules(name, tied):
    more = {"tied": tied, "weight_drop": 0.2, "layers": 2, "init_range": 0.2}
    check_architecture(name, spec=LANGUAGE, config={**SMALL, **more}, skip=TOO_SMALL)


@pytest.mark.long
@pytest.mark.once
@pytest.mark.parametrize("name", ["lstm", "bigru", "simple-rnn"])
def test_forecasters_keep_the_rules(name):
    check_architecture(name, spec=SERIES, config={"units": 4, "layers": 2}, skip=TOO_SMALL)


@pytest.mark.parametrize(
    "pooling",
    [
        "max",
        pytest.param("last", marks=pytest.mark.long),
        pytest.param("mean", marks=pytest.mark.long),
    ],
)
def test_more_padding_changes_no_class(rng, pooling):
    model = filled(create_model("bilstm", spec=TEXT, **SMALL, pooling=pooling), rng)
    tokens = padded(rng, 5, 2, width=7)
    found = plain(model(tokens))
    alone = [plain(model(tokens[row : row + 1, :n]))[0] for row, n in enumerate((5, 2))]
    np.testing.assert_allclose(found, alone, rtol=1e-4, atol=1e-5)
    assert np.abs(np.diff(alone, axis=0)).min() > 1e-3


@pytest.mark.long
def test_more_padding_changes_no_label(rng):
    model = filled(create_model("bigru", spec=SPELT, **SMALL, character_units=3), rng)
    words = padded(rng, 4, 2, width=4)
    letters = rng.integers(1, 6, (2, 4, 4)) * (words > 0)[:, :, None]
    few = plain(model([words, letters]))
    wide = [np.pad(words, ((0, 0), (0, 2))), np.pad(letters, ((0, 0), (0, 2), (0, 0)))]
    more = plain(model(wide))
    np.testing.assert_allclose(more[0, :4], few[0], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(more[1, :2], few[1, :2], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "name",
    [
        "lstm",
        pytest.param("gru", marks=pytest.mark.long),
        pytest.param("simple-rnn", marks=pytest.mark.long),
    ],
)
def test_language_model_does_not_see_what_comes(rng, name):
    model = filled(create_model(name, spec=LANGUAGE, **SMALL, layers=2, tied=True), rng)
    tokens = padded(rng, 6, 4, width=6)
    changed = tokens.copy()
    changed[:, 3:] = tokens[:, 3:] % 8 + 1  # another token at each place
    before, after = (model.predict(each, verbose=0) for each in (tokens, changed))
    np.testing.assert_allclose(after[:, :3], before[:, :3], rtol=1e-6, atol=1e-6)
    assert (np.abs(after[:, 3] - before[:, 3]).max(-1) > 1e-3).all()


def test_tied_model_has_one_kernel(rng):
    """With one state of `h`, the logits are `h E' + b`."""
    model = filled(create_model("simple-rnn", spec=LANGUAGE, embedding=4, units=4, tied=True), rng)
    w = {v.path: plain(v).astype("float64") for v in model.weights}
    table, bias = w["embedding/kernel"], w["embedding/bias"]
    kernel, shift = (
        w[f"recurrent_1/forward/simple_rnn_cell/{part}"] for part in ("kernel", "bias")
    )
    expected = np.tanh(table[3] @ kernel + shift) @ table.T + bias
    np.testing.assert_allclose(plain(model(np.array([[3]])))[0, 0], expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["bilstm", pytest.param("bigru", marks=pytest.mark.long)])
def test_bidirectional_two_layers_equal_pytorch(rng, name):
    torch = pytest.importorskip("torch")
    config = {"embedding": 3, "units": 4, "layers": 2, "pooling": "mean"}
    model = filled(create_model(name, spec=TEXT, **config), rng)
    w = {v.path: torch.tensor(plain(v).astype("float64")) for v in model.weights}
    theirs = twin(torch, w, name[2:])
    tokens = rng.integers(1, 9, (3, 6))
    with torch.no_grad():
        outputs = theirs(w["embedding/embeddings"][tokens])[0].mean(1)
        expected = outputs @ w["head/kernel"] + w["head/bias"]
    np.testing.assert_allclose(plain(model(tokens)), expected, rtol=1e-4, atol=1e-5)


def twin(torch, w, cell):
    """PyTorch's two layers in both directions, with the model's weights in its order of gates."""
    lstm = cell == "lstm"
    sizes = {"num_layers": 2, "bidirectional": True, "batch_first": True}
    theirs = (torch.nn.LSTM if lstm else torch.nn.GRU)(3, 4, **sizes).double()
    order = [*range(16)] if lstm else [*range(4, 8), *range(4), *range(8, 12)]
    ways = {"forward": "", "backward": "_reverse"}
    with torch.no_grad():
        for layer, (way, end) in itertools.product((0, 1), ways.items()):
            own = f"recurrent_{layer + 1}/{way}/{cell}_cell"
            bias = w[f"{own}/bias"]
            values = {
                "weight_ih": w[f"{own}/kernel"].T,
                "weight_hh": w[f"{own}/recurrent_kernel"].T,
                "bias_ih": bias if lstm else bias[0],
                "bias_hh": 0 * bias if lstm else bias[1],
            }
            for part, value in values.items():
                getattr(theirs, f"{part}_l{layer}{end}").copy_(value[order])
    return theirs


def test_dropout_is_the_same_at_every_step():
    model = create_model("lstm", spec=LANGUAGE, embedding=50, units=5, dropout=0.5)
    layer = model.get_layer("dropout_1")
    found = plain(layer(np.ones((3, 6, 50), "float32"), training=True))
    np.testing.assert_array_equal(found, np.broadcast_to(found[:, :1], found.shape))
    assert set(np.unique(found)) == {0.0, 2.0}
    assert [layer.name for layer in model.layers if "dropout" in layer.name] == [
        "dropout_1",
        "dropout_head",
    ]
    bare = create_model("lstm", spec=LANGUAGE, **SMALL, dropout=0.0)
    assert not [layer.name for layer in bare.layers if "dropout" in layer.name]


def test_initial_range_holds_for_embeddings_and_kernels():
    for config in ({}, {"tied": True}, {"weight_drop": 0.1}):
        model = create_model("gru", spec=LANGUAGE, **SMALL, layers=2, init_range=0.01, **config)
        values = [plain(v) for v in model.trainable_variables if v.name != "bias"]
        assert all(0.005 < np.abs(value).max() <= 0.01 for value in values)
        assert len({value.flat[0] for value in values}) == len(values)


@pytest.mark.parametrize(
    ("name", "spec", "config", "message"),
    [
        (
            "bilstm",
            LANGUAGE,
            {},
            r"`bidirectional` is for .*language-modelling.*bidirectional=True",
        ),
        ("lstm", TEXT, {"tied": True}, r"`tied` is for language-modelling.*text-classification"),
        ("lstm", SERIES, {"stateful": True}, r"`stateful` is for language-modelling"),
        ("lstm", LANGUAGE, {"word_dropout": 0.1}, r"`word_dropout` is for text-.*word_dropout=0.1"),
        ("lstm", LABELS, {"residual": True}, r"`residual` is for forecasting"),
        ("lstm", TEXT, {"cell": "rnn"}, r"`cell` must be .*lstm, gru, simple-rnn.*cell='rnn'"),
        ("lstm", TEXT, {"dropout": 1.0}, r"`dropout` must be .*\[0, 0.95\].*dropout=1.0"),
        ("lstm", TEXT.replace(vocab_size=None), {}, r"`vocab_size` must be at least 1"),
        ("lstm", TEXT.replace(outputs=None), {}, r"outputs=None"),
        ("lstm", SERIES.replace(horizon=None), {}, r"`horizon` must be at least 1.*horizon=None"),
        ("lstm", SERIES.replace(input_shape=(6,)), {}, r"\(steps, channels\).*\(6,\)"),
        ("lstm", SERIES.replace(outputs=1), {"residual": True}, r"outputs=1, channels=2"),
        ("dlinear", SERIES, {}, r"`trend` must be at most the window's 6 steps.*trend=25"),
    ],
)
def test_what_cannot_be_built_is_an_error(name, spec, config, message):
    with pytest.raises(UserError, match=message):
        create_model(name, spec=spec, **config)

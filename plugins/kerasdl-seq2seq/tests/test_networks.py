"""The networks: kit, formulas in float64, what padding and later tokens change."""

import numpy as np
import pytest
from keras import ops

from kerasdl import create_model
from kerasdl.errors import UserError
from kerasdl.plugin import Spec
from kerasdl.testing import check_architecture

TEXT = Spec(task="sequence-to-sequence", vocab_size=9, target_vocab_size=9)
IMAGE = Spec(task="captioning", input_shape=(6, 5, 1), target_vocab_size=7)
SMALL = {"units": 6, "embedding": 4}
GRID = {**SMALL, "filters": (4, 5), "pools": 1}
SOURCE = np.array([[3, 4, 5, 2, 8], [6, 7, 0, 0, 0], [1, 2, 3, 0, 0]], "int32")
PREVIOUS = np.array([[1, 2, 6, 4], [1, 5, 3, 0], [1, 4, 0, 0]], "int32")


def plain(tensor):
    return np.asarray(ops.convert_to_numpy(tensor))


@pytest.mark.long
def test_attention_learns_with_scheduled_sampling():
    config = {**SMALL, "rnn": "gru", "scheduled_sampling": 0.5}
    how = {"spec": TEXT, "config": config, "learning_rate": 0.03}
    check_architecture("seq2seq-attention", **how, only=("loss_falls",))


@pytest.mark.long
@pytest.mark.once
@pytest.mark.parametrize(
    "name, config",
    [
        ("seq2seq-attention", {"scheduled_sampling": 0.5}),
        ("seq2seq-luong", {"layers": 2}),
        ("seq2seq-plain", {"rnn": "gru", "layers": 2, "bidirectional": False}),
        ("sequence-autoencoder", {"tied": "all"}),
        ("seq2seq", {"attention": "dot", "tied": "target"}),
        ("seq2seq", {"attention": "concat", "rnn": "gru", "input_feeding": True}),
    ],
)
def test_forms_keep_the_rules(name, config):
    check_architecture(name, spec=TEXT, config={**SMALL, **config}, learning_rate=0.03)


@pytest.mark.long
@pytest.mark.once
def test_soft_captioner_keeps_the_rules():
    small = {"over_fits_ten_samples": "so few units learn no ten samples by heart"}
    check_architecture("captioner-soft", spec=IMAGE, config={**GRID, "coverage": 0.1}, skip=small)


@pytest.mark.long
@pytest.mark.once
@pytest.mark.parametrize("name", ["captioner-hard", "captioner-plain"])
def test_other_captioners_keep_the_rules(name):
    noisy = {"loss_falls": "the surrogate's value is no measure of what is learned"}
    skip = noisy if name == "captioner-hard" else {}
    check_architecture(name, spec=IMAGE, config=GRID, skip=skip)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm_step(x, h, c, weights):
    kernel, recurrent, bias = weights
    i, f, g, o = np.split(x @ kernel + h @ recurrent + bias, 4)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def gru_step(x, h, weights):
    kernel, recurrent, (b, d) = weights
    z, r, n = np.split(x @ kernel + b, 3)
    hz, hr, hn = np.split(h @ recurrent + d, 3)
    z, r = sigmoid(z + hz), sigmoid(r + hr)
    return z * h + (1 - z) * np.tanh(n + r * hn)


def values(layer):
    return [np.asarray(w, "float64") for w in layer.get_weights()]


def softmax(x):
    e = np.exp(x - x.max())
    return e / e.sum()


def additive_by_hand(model, source, previous):
    """Two directions of LSTM, additive attention after an LSTM, one text at a time."""
    layer = model.get_layer
    encoder = values(layer("encoder_1"))
    table, words = values(layer("source_embedding"))[0], values(layer("target_embedding"))[0]
    x = [table[token] for token in source if token]
    runs = []
    for weights, steps in ((encoder[:3], x), (encoder[3:], x[::-1])):
        h = c = np.zeros(6)
        outputs = []
        for step in steps:
            h, c = lstm_step(step, h, c, weights)
            outputs.append(h)
        runs.append(outputs)
    memory = np.concatenate([np.array(runs[0]), np.array(runs[1][::-1])], axis=1)
    code = np.concatenate([runs[0][-1], runs[1][-1]])
    (wh, bh), (wc, bc) = (values(layer(f"bridge_1_{kind}")) for kind in "hc")
    h, c = np.tanh(code @ wh + bh), code @ wc + bc
    look = layer("attention")
    w, u = (values(part)[0] for part in (look.query_projection, look.memory_projection))
    (v,), (combine,) = values(look.score), values(layer("combine"))
    head, bias = values(layer("head"))
    logits = []
    for token in previous:
        h, c = lstm_step(words[token], h, c, values(layer("decoder_1")))
        weights = softmax((np.tanh(h @ w + memory @ u) @ v)[:, 0])
        a = np.tanh(np.concatenate([weights @ memory, h]) @ combine)
        logits.append(a @ head + bias)
    return np.array(logits)


def test_additive_attention_is_its_formula(small):
    model = small("seq2seq-attention")
    found = model.predict_on_batch([SOURCE, PREVIOUS])
    for row in range(3):
        expected = additive_by_hand(model, SOURCE[row], PREVIOUS[row])
        np.testing.assert_allclose(found[row], expected, rtol=1e-4, atol=1e-5)


def luong_by_hand(model, source, previous):
    """One direction of GRU, general score, input feeding, logits by the embedding's transpose."""
    layer = model.get_layer
    table, words = values(layer("source_embedding"))[0], values(layer("target_embedding"))[0]
    h, memory = np.zeros(6), []
    for token in source[source != 0]:
        h = gru_step(table[token], h, values(layer("encoder_1")))
        memory.append(h)
    memory = np.array(memory)
    kernel, bias = values(layer("bridge_1_h"))
    cell = layer("attention_decoder").cell
    (w,), (combine,) = values(cell.look.projection), values(cell.combine)
    feed, h, a = values(layer("code_feed"))[0], np.tanh(h @ kernel + bias), np.zeros(4)
    code, logits = memory[-1], []
    for token in previous:
        x = words[token] + code @ feed
        h = gru_step(np.concatenate([x, a]), h, values(cell.cell))
        weights = softmax(memory @ w @ h)
        a = np.tanh(np.concatenate([weights @ memory, h]) @ combine)
        logits.append(a @ words.T)
    return np.array(logits)


def test_input_feeding_is_its_formula(small):
    config = {"rnn": "gru", "bidirectional": False, "tied": "target", "feed_code": True}
    model = small("seq2seq-luong", **config)
    found = model.predict_on_batch([SOURCE, PREVIOUS])
    for row in range(3):
        expected = luong_by_hand(model, SOURCE[row], PREVIOUS[row])
        np.testing.assert_allclose(found[row], expected, rtol=1e-4, atol=1e-5)


def test_both_forms_of_attention_without_feeding_are_one(small):
    """`AttentionDecoder` step by step, given the same weights, finds what the fast form finds."""
    from kerasdl.layers import AdditiveAttention, AttentionDecoder

    model = small("seq2seq-attention")
    fast = [model.get_layer(name) for name in ("decoder_1", "attention", "combine")]
    slow = AttentionDecoder(6, AdditiveAttention(6), input_feeding=False)
    draw = np.random.default_rng(1)
    x, memory = (draw.normal(size=shape).astype("float32") for shape in ((3, 4, 4), (3, 5, 12)))
    lengths = np.array([5, 2, 3], "int32")
    slow(x, memory)
    parts = (slow.cell.cell, slow.cell.look, slow.cell.combine)
    for part, layer in zip(parts, fast, strict=True):
        part.set_weights(layer.get_weights())
    hidden = fast[0](x)
    context = fast[1](hidden, memory, lengths=lengths)
    expected = fast[2](ops.concatenate([context, hidden], axis=-1))
    found = slow(x, memory, lengths=lengths)
    np.testing.assert_allclose(plain(found), plain(expected), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "name, config",
    [("seq2seq-attention", {}), ("seq2seq-luong", {"rnn": "gru", "layers": 2, "tied": "target"})],
)
def test_padding_changes_nothing(small, name, config):
    model = small(name, **config)
    more = [np.pad(x, ((0, 0), (0, 3))) for x in (SOURCE, PREVIOUS)]
    found, longer = (model.predict_on_batch(x) for x in ([SOURCE, PREVIOUS], more))
    np.testing.assert_allclose(longer[:, :4], found, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "name, config",
    [
        ("seq2seq-attention", {}),
        ("seq2seq-luong", {"rnn": "gru", "layers": 2, "tied": "target"}),
        ("captioner-soft", {"coverage": 1.0}),
    ],
)
def test_a_later_token_changes_nothing_before(small, sources, name, config):
    model = small(name, **config)
    inputs = sources["image"] if "caption" in name else SOURCE
    changed = PREVIOUS.copy()
    changed[:, 2:] = [[5, 3], [6, 6], [2, 1]]
    found, other = (model.predict_on_batch([inputs, x]) for x in (PREVIOUS, changed))
    np.testing.assert_allclose(found[:, :2], other[:, :2], rtol=0, atol=1e-6)
    assert np.abs(found[:, 2:] - other[:, 2:]).max() > 1e-3


def test_code_is_the_last_state_of_each_direction(small):
    import keras

    model = small("seq2seq-plain")
    reader = keras.Model(model.inputs[0], model.get_layer("code").output)
    code = reader.predict_on_batch(SOURCE)
    encoder = values(model.get_layer("encoder_1"))
    table = values(model.get_layer("source_embedding"))[0]
    for row in range(3):
        x = [table[token] for token in SOURCE[row] if token]
        for part, (weights, steps) in enumerate([(encoder[:3], x), (encoder[3:], x[::-1])]):
            h = c = np.zeros(6)
            for step in steps:
                h, c = lstm_step(step, h, c, weights)
            own = code[row, 6 * part : 6 * part + 6]
            np.testing.assert_allclose(own, h, rtol=1e-4, atol=1e-5)


def conv_by_hand(x, kernel):
    """3x3, padded with zeros to the same size."""
    padded = np.pad(x, ((1, 1), (1, 1), (0, 0)))
    rows, columns = x.shape[:2]
    return sum(
        padded[i : i + rows, j : j + columns] @ kernel[i, j] for i in range(3) for j in range(3)
    )


def caption_by_hand(model, image, previous, hard):
    layer = model.get_layer
    x = image.astype("float64")
    for number in (1, 2):
        x = conv_by_hand(x, values(layer(f"encoder_{number}"))[0])
        scale, shift, mean, variance = values(layer(f"encoder_norm_{number}"))
        x = np.maximum((x - mean) / np.sqrt(variance + 1e-3) * scale + shift, 0)
        if number == 1:  # 6x5 to 3x3, the last column alone
            x = np.pad(x, ((0, 0), (0, 1), (0, 0)), constant_values=-np.inf)
            x = x.reshape(3, 2, 3, 2, -1).max(axis=(1, 3))
    regions = x.reshape(9, -1)
    (wh, bh), (wc, bc) = (values(layer(f"bridge_1_{kind}")) for kind in "hc")
    code = regions.mean(axis=0)
    h, c = np.tanh(code @ wh + bh), code @ wc + bc
    look, (combine,), (head, bias) = (
        layer("attention"),
        values(layer("combine")),
        values(layer("head")),
    )
    inner = look.attention
    w, u = (values(part)[0] for part in (inner.query_projection, inner.memory_projection))
    (v,), words = values(inner.score), values(layer("target_embedding"))[0]
    logits = []
    for token in previous:
        h, c = lstm_step(words[token], h, c, values(layer("decoder")))
        weights = softmax((np.tanh(h @ w + regions @ u) @ v)[:, 0])
        if hard:
            context = regions[weights.argmax()]
        else:
            gate, shift = values(look.gate_projection)
            context = sigmoid(h @ gate + shift) * (weights @ regions)
        logits.append(np.tanh(np.concatenate([context, h]) @ combine) @ head + bias)
    return np.array(logits)


@pytest.mark.parametrize("name", ["captioner-soft", "captioner-hard"])
def test_captioner_is_its_formula(small, sources, name):
    config = {"coverage": 1.0} if name == "captioner-soft" else {}
    model = small(name, **config)
    found = model.predict_on_batch([sources["image"], PREVIOUS])
    for row in range(3):
        image, hard = sources["image"][row], name == "captioner-hard"
        expected = caption_by_hand(model, image, PREVIOUS[row], hard)
        np.testing.assert_allclose(found[row], expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("size", [(16, 16, 1), (224, 160, 3), (None, None, 3)])
def test_images_of_any_size_become_a_grid(size):
    spec = Spec(task="captioning", input_shape=size, input_dtype="uint8", target_vocab_size=7)
    model = create_model("captioner", spec=spec, **GRID)
    half = tuple(None if side is None else side // 2 for side in size[:2])
    assert model.get_layer("regions").output.shape == (None, *half, 5)


@pytest.mark.parametrize(
    "name, spec, config, message",
    [
        ("seq2seq-plain", TEXT, {"input_feeding": True}, "needs an `attention`"),
        ("seq2seq", TEXT.replace(vocab_size=5), {"tied": "all"}, "one vocabulary"),
        ("seq2seq", TEXT.replace(target_vocab_size=None), {}, "target_vocab_size"),
        ("captioner-hard", IMAGE, {"coverage": 1.0}, "soft attention"),
        ("captioner", IMAGE, {"filters": ()}, "`filters`"),
        ("captioner", IMAGE.replace(input_shape=(4, 4)), {}, "height, width, channels"),
    ],
)
def test_what_does_not_fit_is_refused(name, spec, config, message):
    with pytest.raises(UserError, match=message):
        create_model(name, spec=spec, **{**SMALL, **config})

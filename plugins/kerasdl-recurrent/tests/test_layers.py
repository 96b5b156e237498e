import keras
import numpy as np
import pytest

from kerasdl.errors import UserError
from kerasdl.testing import check_layer
from kerasdl_recurrent.embedding_dropout import EmbeddingDropout
from kerasdl_recurrent.simple_rnn import SimpleRNN
from kerasdl_recurrent.word_dropout import WordDropout

LENGTHS = np.array([4, 2, 1, 0])


def plain(tensor):
    return keras.ops.convert_to_numpy(tensor)


def by_hand(weights, name, x, lengths):
    """Outputs `(B, T, U)` of one direction in float64, 0 at padding."""
    kernel, recurrent, bias = (
        next(value for path, value in weights.items() if name in path and path.endswith(part))
        for part in ("/kernel", "recurrent_kernel", "bias")
    )
    outputs = np.zeros((*x.shape[:2], kernel.shape[1]))
    for row, length in enumerate(lengths):
        state = np.zeros(kernel.shape[1])
        steps = range(length) if name == "forward" else reversed(range(length))
        for step in steps:
            state = np.tanh(x[row, step] @ kernel + state @ recurrent + bias)
            outputs[row, step] = state
    return outputs


def both_ways(weights, x, lengths=None):
    lengths = [x.shape[1]] * len(x) if lengths is None else lengths
    return np.concatenate(
        [by_hand(weights, name, x, lengths) for name in ("forward", "backward")], -1
    )


@pytest.mark.long
def test_simple_rnn_keeps_the_rules(rng):
    x = rng.normal(size=(4, 4, 2)).astype("float32")
    check_layer(
        lambda: SimpleRNN(3, bidirectional=True, return_sequences=True), x, reference=both_ways
    )


@pytest.mark.parametrize("sequences", [True, False])
def test_simple_rnn_is_its_formula_on_the_real_steps(rng, sequences):
    x = rng.normal(size=(4, 4, 2)).astype("float32")
    layer = SimpleRNN(3, bidirectional=True, return_sequences=sequences, return_state=True)
    layer.build(x.shape)
    for variable in layer.weights:
        variable.assign(rng.normal(scale=0.5, size=variable.shape))
    weights = {v.path: plain(v).astype("float64") for v in layer.weights}
    output, *states = map(plain, layer(x, lengths=LENGTHS))
    expected = both_ways(weights, x.astype("float64"), LENGTHS)
    last = [expected[row, max(n - 1, 0), :3] for row, n in enumerate(LENGTHS)]
    np.testing.assert_allclose(states, [last, expected[:, 0, 3:]], rtol=1e-5, atol=1e-6)
    if not sequences:
        expected = np.concatenate([last, expected[:, 0, 3:]], -1)
    np.testing.assert_allclose(output, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.long
def test_dropouts_keep_the_rules(rng):
    x = rng.normal(size=(4, 5, 2)).astype("float32")
    tokens = rng.integers(0, 7, (4, 5))
    check_layer(
        lambda: EmbeddingDropout(0.4, 7),
        [x, tokens],
        reference=lambda _, x, tokens: x,
        trainable=False,
    )
    check_layer(
        lambda: WordDropout(0.4),
        tokens,
        reference=lambda _, x: x,
        trainable=False,
        differentiable=False,
    )


def test_embedding_dropout_forgets_whole_words(rng):
    tokens = np.tile(np.arange(2000), (2, 1))
    x = np.ones((2, 2000, 3), "float32")
    layer = EmbeddingDropout(0.3, vocabulary_size=2000, seed=1)
    found = plain(layer(x, tokens, training=True))
    np.testing.assert_array_equal(found, np.broadcast_to(found[:1, :, :1], found.shape))
    np.testing.assert_allclose(np.unique(found), [0, 1 / 0.7], rtol=1e-6)
    assert abs((found[0, :, 0] == 0).mean() - 0.3) < 0.04
    np.testing.assert_array_equal(plain(layer(x, tokens)), x)


def test_word_dropout_spares_padding():
    tokens = np.array([[5] * 3000 + [0] * 1000])
    layer = WordDropout(0.3, unknown=1, seed=1)
    found = plain(layer(tokens, training=True))
    assert set(found[0, :3000]) == {1, 5} and not found[0, 3000:].any()
    assert abs((found[0, :3000] == 1).mean() - 0.3) < 0.03
    np.testing.assert_array_equal(plain(layer(tokens)), tokens)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SimpleRNN(0), r"`units` must be a positive integer.*units=0"),
        (lambda: EmbeddingDropout(1.0, 3), r"`rate` must be in \[0, 1\).*rate=1.0"),
        (lambda: EmbeddingDropout(0.1, 0), r"`vocabulary_size` must be at least 1"),
        (lambda: WordDropout("a"), r"`rate` must be in \[0, 1\).*rate='a'"),
        (lambda: SimpleRNN(2)(np.ones((2, 3))), r"\(B, T, D\).*\(2, 3\)"),
        (
            lambda: SimpleRNN(2)(np.ones((2, 3, 1)), initial_state=np.ones((2, 3))),
            r"`initial_state` must be 1 of shape \(B, 2\).*\(2, 3\)",
        ),
    ],
)
def test_argument_that_cannot_be_used_is_an_error(make, message):
    with pytest.raises(UserError, match=message):
        make()

"""A small GRU, a transformer and a recurrent decoder with attention: cached equals uncached."""

import keras
import numpy as np
import pytest
from keras import ops

from kerasdl.backend.compiled import Compiled, choose_route
from kerasdl.decoding import BeamSearch, Decoder, Greedy, Sampling, generate

PROMPTS = [[1, 2, 3, 4, 5, 6, 1], [2], [3, 0, 5, 1]]
NAMES = ["gru", "transformer", "attention_gru"]
ALL = {
    "greedy": Greedy(1.2),
    "sampling": Sampling(0.9, top_p=0.9, samples=2),
    "beam": BeamSearch(3, 0.7, n_best=2),
}


def plain(tensor):
    return np.asarray(ops.convert_to_numpy(tensor))


@pytest.mark.parametrize("name", NAMES)
def test_tokens_are_those_of_a_whole_forward_pass(case, name):
    decoder, _, inputs = case(name)
    made = generate(decoder, PROMPTS, inputs=inputs, max_new_tokens=6)
    texts = [prompt + new for prompt, new in zip(PROMPTS, made.best(), strict=True)]
    padded = np.zeros((3, 12), "int32")
    for row, text in enumerate(texts):
        padded[row, : len(text) - 1] = text[:-1]
    given = [ops.convert_to_tensor(x) for x in ([padded] if inputs is None else [*inputs, padded])]
    forward = Compiled(lambda x: decoder.model(x), decoder.model.variables)
    logits = plain(forward(given[0] if inputs is None else given)).astype("float64")
    for row, prompt in enumerate(PROMPTS):
        own = logits[row, len(prompt) - 1 : len(texts[row]) - 1]
        assert own.argmax(-1).tolist() == made.best()[row]
        assert (np.sort(own)[:, -1] - np.sort(own)[:, -2]).min() > 1e-3  # no near ties
        own = own.max(-1) - np.log(np.exp(own).sum(-1))
        np.testing.assert_allclose(made.token_log_probs[row, 0], own, atol=2e-5)


@pytest.mark.long
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("strategy", ALL)
def test_strategies_find_the_same_without_a_cache(case, name, strategy):
    decoder, uncached, inputs = case(name)
    how = {"inputs": inputs, "strategy": ALL[strategy], "max_new_tokens": 6, "stop": 0, "seed": 4}
    with_cache, without = (generate(used, PROMPTS, **how) for used in (decoder, uncached))
    np.testing.assert_array_equal(with_cache.tokens, without.tokens)
    np.testing.assert_array_equal(with_cache.finished, without.finished)
    np.testing.assert_allclose(with_cache.token_log_probs, without.token_log_probs, atol=2e-5)
    np.testing.assert_allclose(with_cache.scores, without.scores, atol=5e-5)


@pytest.mark.parametrize("name", NAMES)
def test_unequal_prompts_give_what_equal_ones_give(case, name):
    decoder, _, inputs = case(name)
    strategies = [Greedy(), ALL["beam"]] if name == "gru" else [Greedy()]
    for strategy in strategies:
        how = {"strategy": strategy, "max_new_tokens": 6, "stop": 0}
        together = generate(decoder, PROMPTS, inputs=inputs, **how)
        for row, prompt in enumerate(PROMPTS):
            # Three copies: nothing is padded, and nothing is compiled anew.
            own = None if inputs is None else [np.repeat(x[row : row + 1], 3, 0) for x in inputs]
            equal = generate(decoder, [prompt] * 3, inputs=own, **how)
            assert equal.sequences(True)[0] == together.sequences(True)[row]
            np.testing.assert_allclose(equal.scores[0], together.scores[row], atol=2e-5)


@pytest.mark.long
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("strategy", ["greedy", "beam"])
def test_a_batch_gives_what_each_prompt_gives_alone(case, name, strategy):
    decoder, _, inputs = case(name)
    how = {"strategy": ALL[strategy], "max_new_tokens": 6, "stop": 0}
    together = generate(decoder, PROMPTS, inputs=inputs, **how)
    for row, prompt in enumerate(PROMPTS):
        own = None if inputs is None else [x[row : row + 1] for x in inputs]
        alone = generate(decoder, [prompt], inputs=own, **how)
        assert alone.sequences(True)[0] == together.sequences(True)[row]
        np.testing.assert_allclose(alone.scores[0], together.scores[row], atol=2e-5)


def test_padding_on_either_side_or_none_changes_nothing(transformer):
    lengths = np.array([len(prompt) for prompt in PROMPTS])
    right, left = np.full((3, 9), 5), np.full((3, 9), 5)
    for row, prompt in enumerate(PROMPTS):
        right[row, : len(prompt)] = prompt
        left[row, 9 - len(prompt) :] = prompt
    listed = generate(transformer, PROMPTS, max_new_tokens=5).best()
    padded = generate(transformer, right, lengths=lengths, max_new_tokens=5)
    assert padded.best() == listed
    padded = generate(transformer, left, lengths=lengths, padding="left", max_new_tokens=5)
    assert padded.best() == listed


def check_compilations(decoder, inputs, rng, wanted):
    for size in (2, 5, 10, 11):
        prompts = rng.integers(0, 5, (3, size))
        for temperature in (0.5, 1.5):
            strategy = Sampling(temperature)
            how = {"strategy": strategy, "max_new_tokens": 13 - size, "seed": size}
            generate(decoder, prompts, inputs=inputs, **how)
    assert decoder.compilations == ({} if choose_route() == "plain" else wanted)


def test_one_compilation_serves_every_length_setting_and_seed(tables, afresh, rng):
    decoder = afresh(tables(max_length=12))
    check_compilations(decoder, None, rng, {"prefill": 1, "advance": 1})


@pytest.mark.long
@pytest.mark.parametrize("name", NAMES)
def test_one_compilation_serves_every_length_in_each_model(case, afresh, rng, name):
    decoder, _, inputs = case(name)
    start = {} if inputs is None else {"start": 1}
    check_compilations(afresh(decoder), inputs, rng, {"prefill": 1, "advance": 1} | start)


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "chunk"), [("gru", 1), ("gru", 5), ("transformer", 1), ("transformer", 12)]
)
def test_chunks_of_any_size_give_the_same(case, afresh, name, chunk):
    decoder, _, _ = case(name)
    wanted = generate(decoder, PROMPTS, max_new_tokens=5).best()
    assert generate(afresh(decoder, chunk=chunk), PROMPTS, max_new_tokens=5).best() == wanted


@pytest.mark.once
@pytest.mark.parametrize(
    ("max_length", "chunk", "used"), [(12, 5, 4), (12, 64, 12), (7, 5, 1), (None, 5, 5)]
)
def test_a_chunk_divides_the_length(tables, max_length, chunk, used):
    class WithPrefill(type(tables())):
        def __init__(self):
            Decoder.__init__(self, keras.Sequential(), 5, max_length, chunk)

        def prefill(self, tokens, lengths, state, position):
            return state

    assert WithPrefill().chunk == used
    assert tables(max_length=12).chunk == 1  # has no `prefill` of its own


def test_a_full_context_is_used_to_its_last_place(transformer):
    made = generate(transformer, [[1] * 12, [2], [3]])
    assert made.tokens.shape == (3, 1, 1)
    made = generate(transformer, [[1], [2], [3]])
    assert made.tokens.shape == (3, 1, 12)


def gru_by_hand(weights, tokens):
    """Log-probabilities of the next token, by Keras's GRU written out in float64."""
    table, kernel, recurrent, bias, head, head_bias = (w.astype("float64") for w in weights)
    hidden = np.zeros(len(recurrent))

    def sigmoid(x):
        return 1 / (1 + np.exp(-x))

    for token in tokens:
        z, r, c = np.split(table[token] @ kernel + bias[0], 3)
        hz, hr, hc = np.split(hidden @ recurrent + bias[1], 3)
        z, r = sigmoid(z + hz), sigmoid(r + hr)
        hidden = z * hidden + (1 - z) * np.tanh(c + r * hc)
    logits = hidden @ head + head_bias
    return logits - np.log(np.exp(logits).sum())


def test_greedy_and_beam_are_those_of_numpy_on_every_backend(gru):
    weights = [plain(w.value) for w in gru.model.trainable_variables]
    greedy = []
    for prompt in PROMPTS:
        new = []
        for _ in range(6):
            new.append(int(gru_by_hand(weights, [*prompt, *new]).argmax()))
        greedy.append(new)
    assert generate(gru, PROMPTS, max_new_tokens=6).best() == greedy
    best = []
    for prompt in PROMPTS:
        worth = {}
        for a in range(7):
            first = gru_by_hand(weights, prompt)[a]
            for b, second in enumerate(gru_by_hand(weights, [*prompt, a])):
                worth[a, b] = first + second
        best.append([list(new) for new in sorted(worth, key=worth.get, reverse=True)[:4]])
    found = generate(gru, PROMPTS, strategy=BeamSearch(7, n_best=4), max_new_tokens=2)
    assert found.sequences() == best


def test_new_weights_are_read_without_compiling_anew(gru):
    before = generate(gru, PROMPTS, max_new_tokens=5)
    counts, bias = gru.compilations, gru.head.bias
    old = plain(bias.value)
    bias.assign(ops.convert_to_tensor([0, 0, 0, 99, 0, 0, 0], "float32"))
    after = generate(gru, PROMPTS, max_new_tokens=5)
    bias.assign(old)
    assert after.best() == [[3] * 5] * 3
    assert before.best() != after.best()
    assert gru.compilations == counts
    assert generate(gru, PROMPTS, max_new_tokens=5).best() == before.best()


def test_inputs_of_the_caller_are_left_whole(case):
    decoder, _, inputs = case("attention_gru")
    given = [ops.convert_to_tensor(x) for x in inputs]
    for _ in range(2):
        generate(decoder, PROMPTS, inputs=given, max_new_tokens=2)
    for tensor, array in zip(given, inputs, strict=True):
        np.testing.assert_array_equal(plain(tensor), array)


@pytest.mark.long
def test_half_precision_models_generate(half_precision):
    decoder = half_precision()
    made = generate(decoder, PROMPTS, strategy=BeamSearch(2), max_new_tokens=3)
    assert made.token_log_probs.dtype == "float32"
    assert np.isfinite(made.scores).all()

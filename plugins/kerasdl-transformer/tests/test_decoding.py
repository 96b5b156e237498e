"""What the cached decoders write is what the whole network gives."""

import keras
import numpy as np
import pytest

from kerasdl import create_model
from kerasdl.decoding import BeamSearch, UncachedDecoder, decoder_of, generate
from kerasdl.inside import attention_weights
from kerasdl.plugin import Spec

LENGTH = 12
PROMPTS = [[1, 2, 3, 4, 5, 6, 1], [2], [3, 5, 1]]
TINY = {"layers": 2, "heads": 2, "width": 8, "dropout": 0.0}
MODERN = {"layers": 2, "heads": 2, "kv_heads": 1, "width": 8}
TRANSLATES = Spec(
    task="sequence-to-sequence", vocab_size=9, target_vocab_size=7, target_context=LENGTH
)
FORMS = {
    "gpt": ("gpt", {**TINY, "kv_heads": 1, "norm": "rms", "gated": True}),
    "gpt2": ("gpt2", TINY),
    "modern": ("gpt-modern", MODERN),
    "alibi": ("gpt", {**TINY, "positions": "alibi", "window": 4}),
    "sinusoidal": ("gpt", {**TINY, "positions": "sinusoidal", "tied": False}),
    "transformer": ("transformer", TINY),
    "post-norm": ("transformer", {**TINY, "norm_first": False, "positions": "learned"}),
    "rotary": ("transformer", {**TINY, "positions": "rotary"}),
}
QUICK = ("gpt", "transformer")
STRATEGIES = {"greedy": None, "beam": BeamSearch(3, 0.7, n_best=2)}
SOURCE = np.array([[1, 2, 3, 4, 5], [8, 7, 0, 0, 0], [6, 1, 4, 0, 0]], "int32")


@pytest.fixture(scope="module")
def made():
    """`made(form)`: a network's decoder and its inputs; each network is made once."""
    known = {}

    def make(form):
        if form not in known:
            name, config = FORMS[form]
            writes = name.startswith("gpt")
            spec = Spec(task="language-modelling", vocab_size=7, context=LENGTH)
            spec = spec if writes else TRANSLATES.replace(context=5)
            model = create_model(name, spec=spec, **config)
            rng = np.random.default_rng(3)
            for variable in model.trainable_variables:
                variable.assign(rng.normal(size=variable.shape, scale=0.7).astype("float32"))
            known[form] = decoder_of(model), None if writes else SOURCE
        return known[form]

    return make


def forms(*names):
    return [pytest.param(f, marks=[] if f in names else [pytest.mark.long]) for f in FORMS]


@pytest.mark.parametrize("form", forms(*QUICK))
@pytest.mark.parametrize(
    "strategy", [None, pytest.param(STRATEGIES["beam"], marks=pytest.mark.long)]
)
def test_cached_equals_uncached(made, form, strategy):
    decoder, inputs = made(form)
    how = {"inputs": inputs, "max_new_tokens": 6, "stop": 0}
    how |= {} if strategy is None else {"strategy": strategy}
    plain = UncachedDecoder(decoder.model, LENGTH)
    cached, uncached = (generate(used, PROMPTS, **how) for used in (decoder, plain))
    np.testing.assert_array_equal(cached.tokens, uncached.tokens)
    np.testing.assert_allclose(cached.scores, uncached.scores, atol=5e-5)


@pytest.mark.parametrize("form", forms("gpt"))
@pytest.mark.parametrize("strategy", ["beam", pytest.param("greedy", marks=pytest.mark.long)])
def test_a_batch_gives_what_each_prompt_gives_alone(made, form, strategy):
    decoder, inputs = made(form)
    how = {"max_new_tokens": 6, "stop": 0}
    how |= {} if STRATEGIES[strategy] is None else {"strategy": STRATEGIES[strategy]}
    together = generate(decoder, PROMPTS, inputs=inputs, **how)
    for row, prompt in enumerate(PROMPTS):
        own = None if inputs is None else inputs[row : row + 1]
        alone = generate(decoder, [prompt], inputs=own, **how)
        assert alone.sequences(True)[0] == together.sequences(True)[row]
        np.testing.assert_allclose(alone.scores[0], together.scores[row], atol=2e-5)


@pytest.mark.parametrize("form", ["gpt", "transformer"])
def test_padding_on_either_side_or_none_changes_nothing(made, form):
    decoder, inputs = made(form)
    lengths = np.array([len(prompt) for prompt in PROMPTS])
    right, left = np.full((3, 9), 5), np.full((3, 9), 5)
    for row, prompt in enumerate(PROMPTS):
        right[row, : len(prompt)] = prompt
        left[row, 9 - len(prompt) :] = prompt
    how = {"inputs": inputs, "max_new_tokens": 4}
    listed = generate(decoder, PROMPTS, **how).best()
    assert generate(decoder, right, lengths=lengths, **how).best() == listed
    assert generate(decoder, left, lengths=lengths, padding="left", **how).best() == listed


def test_padding_of_the_source_changes_nothing(made):
    decoder, source = made("transformer")
    longer = np.pad(source, [[0, 0], [0, 2]])
    how = {"max_new_tokens": 4}
    short, long = (generate(decoder, PROMPTS, inputs=x, **how) for x in (source, longer))
    np.testing.assert_array_equal(short.tokens, long.tokens)
    np.testing.assert_allclose(short.scores, long.scores, atol=2e-5)


@pytest.mark.long
def test_the_attention_is_that_of_the_last_block(made):
    decoder, source = made("transformer")
    target = np.array([[1, 2, 3]] * 3, "int32")
    weights = attention_weights(decoder.model, (source, target), over="source")
    expected = list(weights.values())[-1].mean(axis=1)  # over the heads
    state = decoder.start(keras.ops.convert_to_tensor(source), 3)
    for place in range(3):
        tokens = keras.ops.convert_to_tensor(target[:, place])
        _, state = decoder.step(tokens, state, keras.ops.full((3,), place, "int32"))
        seen, visible = map(keras.ops.convert_to_numpy, decoder.attention(state))
        np.testing.assert_allclose(seen, expected[:, place], atol=1e-5)
        np.testing.assert_array_equal(visible, source != 0)


@pytest.mark.long
def test_coverage_ranks_by_its_formula(made):
    decoder, source = made("transformer")
    how = {"inputs": source, "max_new_tokens": 4}
    search = BeamSearch(3, coverage_penalty=0.4, n_best=3)
    found = generate(decoder, [[1]] * 3, strategy=search, **how)
    for row, own in enumerate(found.sequences()):
        length = np.count_nonzero(source[row])
        for rank, said in enumerate(own):
            given = np.array([[1, *said[:-1]]])
            weights = attention_weights(
                decoder.model, (source[row : row + 1, :length], given), over="source"
            )
            sums = list(weights.values())[-1].mean(axis=1)[0].sum(axis=0)
            coverage = 0.4 * np.log(np.minimum(sums, 1)).sum()
            expected = found.log_probs[row, rank] + coverage
            np.testing.assert_allclose(found.scores[row, rank], expected, atol=1e-4)


def test_the_cache_has_room_for_the_context(made):
    assert made("gpt")[0].max_length == LENGTH
    assert made("transformer")[0].max_length == LENGTH
    unbounded = create_model("gpt-modern", vocab_size=7, **MODERN | {"layers": 1})
    assert decoder_of(unbounded).max_length == 1024

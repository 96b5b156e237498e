"""Step by step with what is kept, and over whole sequences: the same."""

import keras
import numpy as np
import pytest
from keras import ops

from kerasdl.backend.compiled import Compiled
from kerasdl.decoding import BeamSearch, UncachedDecoder, decoder_of, generate

PROMPTS = [[1], [1, 2, 3], [1, 6]]
MODELS = {
    "parallel": ("seq2seq-attention", {"layers": 2, "dropout": 0.5, "feed_code": True}),
    "feeding": ("seq2seq-luong", {"rnn": "gru", "layers": 2, "tied": "target"}),
    "plain": ("seq2seq-plain", {"rnn": "gru", "bidirectional": False}),
    "autoencoder": ("sequence-autoencoder", {"layers": 2, "tied": "target"}),
    "dot": ("seq2seq", {"attention": "dot"}),
    "concat": ("seq2seq", {"attention": "concat", "input_feeding": True}),
    "sampled": ("seq2seq", {"attention": "general", "scheduled_sampling": 0.5, "rnn": "gru"}),
    "soft": ("captioner-soft", {"coverage": 1.0}),
    "hard": ("captioner-hard", {}),
    "mean": ("captioner-plain", {}),
}


def quickly(*keys):
    """All models, those not named in the long suite."""
    entries = [key if key in keys else pytest.param(key, marks=pytest.mark.long) for key in MODELS]
    return pytest.mark.parametrize("key", entries)


def plain(tensor):
    return np.asarray(ops.convert_to_numpy(tensor))


def begun(decoder, inputs):
    """The state before the first token of three rows."""
    start = Compiled(lambda given: decoder.start(given, 3), decoder.model.variables)
    return start(ops.convert_to_tensor(inputs))


@pytest.fixture
def case(small, sources):
    """`case(key)`: model, decoder and inputs for three rows."""

    def of(key):
        name, config = MODELS[key]
        model = small(name, **config)
        return model, decoder_of(model), sources["image" if "caption" in name else "text"]

    return of


@quickly("feeding", "soft")
def test_logits_of_steps_are_those_of_the_whole(case, key, rng):
    model, decoder, inputs = case(key)
    tokens = rng.integers(1, 7, (3, 4)).astype("int32")
    whole = model.predict_on_batch([inputs, tokens])
    step, state = Compiled(decoder.step, model.variables), begun(decoder, inputs)
    for place in range(4):
        position = ops.full((3,), place, "int32")
        logits, state = step(ops.convert_to_tensor(tokens[:, place]), state, position)
        np.testing.assert_allclose(plain(logits), whole[:, place], rtol=1e-4, atol=1e-5)


@quickly("feeding")
def test_tokens_are_those_without_a_cache(case, key):
    model, decoder, inputs = case(key)
    how = {"inputs": inputs, "max_new_tokens": 5, "stop": 0}
    made = generate(decoder, PROMPTS, **how)
    uncached = generate(UncachedDecoder(model, 8), PROMPTS, **how)
    assert made.sequences(True) == uncached.sequences(True)
    np.testing.assert_allclose(made.token_log_probs, uncached.token_log_probs, atol=2e-5)


@quickly()
def test_beam_search_finds_the_same_without_a_cache(case, key):
    model, decoder, inputs = case(key)
    how = {"inputs": inputs, "max_new_tokens": 4, "strategy": BeamSearch(3, n_best=2), "stop": 0}
    made = generate(decoder, PROMPTS, **how)
    uncached = generate(UncachedDecoder(model, 8), PROMPTS, **how)
    assert made.sequences(True) == uncached.sequences(True)
    np.testing.assert_allclose(made.scores, uncached.scores, atol=2e-5)


@pytest.mark.parametrize("key", [pytest.param("parallel", marks=pytest.mark.long), "feeding"])
def test_a_batch_gives_what_each_source_gives_alone_and_unpadded(case, key):
    _, decoder, inputs = case(key)
    together = generate(decoder, PROMPTS, inputs=inputs, max_new_tokens=5)
    for row, prompt in enumerate(PROMPTS):
        # Keras warns of a softmax over a single place.
        own = inputs[row : row + 1, : max(2, np.count_nonzero(inputs[row]))]
        alone = generate(decoder, [prompt], inputs=own, max_new_tokens=5)
        assert alone.best()[0] == together.best()[row]
        np.testing.assert_allclose(alone.scores[0], together.scores[row], atol=2e-5)


@quickly()
def test_weights_are_a_distribution_over_what_is_real(case, key):
    model, decoder, inputs = case(key)
    state = begun(decoder, inputs)
    tokens, position = ops.ones((3,), "int32"), ops.zeros((3,), "int32")
    _, state = Compiled(decoder.step, model.variables)(tokens, state, position)
    found = decoder.attention(state)
    if key in ("plain", "autoencoder", "mean"):
        assert found is None
        return
    weights, visible = (plain(x) for x in found)
    np.testing.assert_allclose(weights.sum(axis=1), 1.0, rtol=1e-5)
    assert weights.shape == visible.shape
    if inputs.ndim == 2:
        np.testing.assert_array_equal(visible, inputs != 0)
        np.testing.assert_array_equal(weights[~visible], 0.0)
    else:
        assert visible.all() and weights.shape == (3, 3 * 3)


@pytest.mark.parametrize(
    "key", ["parallel", *(pytest.param(key, marks=pytest.mark.long) for key in ("feeding", "soft"))]
)
def test_weights_of_a_step_are_those_that_the_layer_returns(case, key):
    model, decoder, inputs = case(key)
    layer = model.get_layer("attention_decoder" if key == "feeding" else "attention")
    node = layer._inbound_nodes[0].arguments
    arguments, given = node.args, {k: v for k, v in node.kwargs.items() if v is not None}
    tokens = np.array([[1, 2, 3]] * 3, "int32")
    inside = keras.Model(model.inputs, keras.tree.map_structure(lambda x: x, [arguments, given]))

    def look(given):
        args, kwargs = inside(given, training=False)
        return layer(*args, **kwargs, return_weights=True)[1]

    given = [ops.convert_to_tensor(x) for x in (inputs, tokens)]
    weights = Compiled(look, model.variables)(given)
    step, state = Compiled(decoder.step, model.variables), begun(decoder, inputs)
    for place in range(3):
        position = ops.full((3,), place, "int32")
        _, state = step(ops.convert_to_tensor(tokens[:, place]), state, position)
        expected = plain(weights)[:, place].reshape(3, -1)
        np.testing.assert_allclose(plain(decoder.attention(state)[0]), expected, atol=1e-5)


def test_a_loaded_model_generates_the_same(case, tmp_path):
    from kerasdl import load_model

    model, decoder, inputs = case("feeding")
    model.save(tmp_path / "m.keras")
    loaded = decoder_of(load_model(tmp_path / "m.keras"))
    wanted = generate(decoder, PROMPTS, inputs=inputs, max_new_tokens=5)
    made = generate(loaded, PROMPTS, inputs=inputs, max_new_tokens=5)
    assert made.best() == wanted.best()
    np.testing.assert_allclose(made.scores, wanted.scores, atol=1e-6)

"""Step by step equals all at once."""

import keras
import numpy as np
import pytest

from kerasdl import create_model, load_model
from kerasdl.decoding import BeamSearch, UncachedDecoder, decoder_of, generate
from kerasdl.errors import UserError
from kerasdl.plugin import Spec
from kerasdl_recurrent.recurrent_decoder import RecurrentDecoder

PROMPTS = [[1, 2, 3, 4, 5, 6, 1], [2], [3, 6, 5, 1]]
LANGUAGE = Spec(task="language-modelling", vocab_size=7)
CONFIGS = {
    "lstm": {"layers": 2, "tied": True},
    "gru": {"weight_drop": 0.3, "dropout": 0.2},
    "simple-rnn": {"layers": 2, "stateful": True, "streams": 3, "weight_drop": 0.1},
}


def language_model(name, **config):
    model = create_model(name, spec=LANGUAGE, embedding=5, units=6, **{**CONFIGS[name], **config})
    rng = np.random.default_rng(3)
    for weight in model.trainable_variables:
        weight.assign(rng.normal(size=weight.shape, scale=0.9))
    return model


def check(model, uncached, strategy=None):
    decoder = decoder_of(model)
    assert isinstance(decoder, RecurrentDecoder)
    how = {"max_new_tokens": 5, "strategy": strategy}
    cached = generate(decoder, PROMPTS, **how)
    whole = generate(UncachedDecoder(uncached, 12), PROMPTS, **how)
    np.testing.assert_array_equal(cached.tokens, whole.tokens)
    np.testing.assert_allclose(cached.token_log_probs, whole.token_log_probs, atol=1e-4)
    return decoder, cached


@pytest.mark.parametrize("name", ["lstm", pytest.param("gru", marks=pytest.mark.long)])
def test_tokens_are_those_without_a_cache(name):
    model = language_model(name)
    decoder, together = check(model, model)
    assert len({tuple(row) for row in together.best()}) > 1
    if name == "lstm":
        for row, prompt in enumerate(PROMPTS):
            alone = generate(decoder, [prompt] * 3, max_new_tokens=5)
            assert alone.best()[0] == together.best()[row]


@pytest.mark.long
def test_stateful_network_writes_from_zeros():
    plain = language_model("simple-rnn", stateful=False, weight_drop=0.0)
    check(language_model("simple-rnn"), plain)


@pytest.mark.long
@pytest.mark.parametrize("name", ["lstm", "gru"])
def test_beams_are_those_without_a_cache(name):
    model = language_model(name)
    check(model, model, BeamSearch(3, 0.7))


@pytest.mark.long
def test_padded_prompts_and_short_pieces_give_the_same(tmp_path):
    model = language_model("lstm")
    wanted = generate(RecurrentDecoder(model), PROMPTS, max_new_tokens=5).best()
    model.save(tmp_path / "model.keras")
    lengths = np.array([len(prompt) for prompt in PROMPTS])
    left = np.full((3, 9), 5)
    for row, prompt in enumerate(PROMPTS):
        left[row, 9 - len(prompt) :] = prompt
    decoder = RecurrentDecoder(load_model(tmp_path / "model.keras"), chunk=2)
    found = generate(decoder, left, lengths=lengths, padding="left", max_new_tokens=5)
    assert found.best() == wanted


@pytest.mark.long
def test_half_precision_keeps_the_types_of_states():
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        made = generate(decoder_of(language_model("lstm")), PROMPTS, max_new_tokens=3)
    finally:
        keras.config.set_dtype_policy(policy)
    assert np.isfinite(made.scores).all()


def test_classifier_does_not_write():
    spec = Spec(task="text-classification", vocab_size=7, outputs=2)
    with pytest.raises(UserError, match="not for language modelling"):
        decoder_of(create_model("lstm", spec=spec, units=3))

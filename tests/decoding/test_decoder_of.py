"""From an architecture's model to the decoder that it names."""

import keras
import pytest

import kerasdl
from kerasdl.decoding import Decoder, decoder_of, generate
from kerasdl.errors import UserError
from kerasdl.plugin import PluginError

PLUGIN = """
from kerasdl.plugin import Architecture, hookimpl


@hookimpl
def kerasdl_architectures():
    for name, decoder in (
        ("writer", "PACKAGE.model:decoder"),
        ("silent", None),
        ("lost", "PACKAGE.model:missing"),
        ("strange", "PACKAGE.model:strange"),
    ):
        yield Architecture(
            name=name,
            summary="copies its input",
            tasks=("language-modelling",),
            builder="PACKAGE.model:build",
            decoder=decoder,
        )
"""
MODEL = """
import keras

from kerasdl.decoding import UncachedDecoder


def build(config, spec):
    tokens = keras.Input((spec.context,), dtype="int32")
    table = keras.layers.Embedding(
        spec.vocab_size, spec.vocab_size, embeddings_initializer="identity"
    )
    return keras.Model(tokens, table(tokens))


def decoder(model):
    return UncachedDecoder(model, model.input_shape[1])


def strange(model):
    return model


def missing(model):
    return None


del missing
"""


@pytest.fixture
def make(site):
    site.add("sound-writer", PLUGIN, MODEL)
    return lambda name: kerasdl.create_model(name, vocab_size=5, context=6)


@pytest.mark.once
def test_the_decoder_is_that_of_the_architecture(make):
    model = make("writer")
    decoder = decoder_of(model)
    assert isinstance(decoder, Decoder)
    assert decoder.model is model
    assert generate(decoder, [[3], [1, 2]], max_new_tokens=2).best() == [[3, 3], [2, 2]]


@pytest.mark.once
def test_a_model_around_it_is_seen_through(make):
    model = make("writer")
    outer = keras.Sequential([keras.Input((6,)), model])
    assert decoder_of(outer).model is model


@pytest.mark.once
@pytest.mark.parametrize(
    ("name", "kind", "message"),
    [
        ("silent", UserError, "architecture 'silent' does not generate"),
        ("lost", PluginError, "sound_writer.model:missing cannot be imported"),
        ("strange", PluginError, "must return a kerasdl.decoding.Decoder"),
    ],
)
def test_what_is_no_decoder_is_refused(make, name, kind, message):
    with pytest.raises(kind, match=message):
        decoder_of(make(name))


@pytest.mark.once
def test_a_model_of_no_architecture_is_refused():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    with pytest.raises(UserError, match="carries no architecture's name"):
        decoder_of(model)

"""The weights that a model's attentions had, against the layers' own."""

import keras
import numpy as np
import pytest

from kerasdl.errors import UserError
from kerasdl.inside import attention_weights
from kerasdl.layers import (
    AdditiveAttention,
    AttentionDecoder,
    HardImageAttention,
    TransformerDecoderBlock,
)


@pytest.fixture
def memory(rng):
    return rng.normal(size=(2, 5, 6)).astype("float32")


@pytest.fixture
def steps(rng):
    return rng.normal(size=(2, 3, 4)).astype("float32")


def test_a_decoder_that_loops_gives_the_weights_of_its_steps(memory, steps):
    layer = AttentionDecoder(4, AdditiveAttention(3), name="look")
    inputs = keras.Input((None, 4)), keras.Input((None, 6))
    model = keras.Model(inputs, layer(*inputs))
    found = attention_weights(model, (steps, memory))
    _, own = layer(steps, memory, return_weights=True)
    assert list(found) == ["look"]
    np.testing.assert_allclose(found["look"], keras.ops.convert_to_numpy(own), atol=1e-6)
    np.testing.assert_allclose(found["look"].sum(axis=-1), 1, atol=1e-5)


def test_a_block_has_weights_over_itself_and_over_the_source(memory, steps):
    block = TransformerDecoderBlock(num_heads=2, hidden_size=8, cross_attention=True, name="block")
    inputs = keras.Input((None, 4)), keras.Input((None, 6))
    model = keras.Model(inputs, block(*inputs))
    own = attention_weights(model, (steps, memory), over="self")
    source = attention_weights(model, (steps, memory), over="source")
    assert [w.shape for w in own.values()] == [(2, 2, 3, 3)]
    assert [w.shape for w in source.values()] == [(2, 2, 3, 5)]
    _, expected = block(steps, memory, return_weights=True)
    (cross,) = source.values()
    np.testing.assert_allclose(cross, keras.ops.convert_to_numpy(expected["cross"]), atol=1e-6)
    # the layers are as they were
    assert model([steps, memory]).shape == (2, 3, 4)


def test_a_model_without_attention_has_none(steps):
    model = keras.Sequential([keras.Input((3, 4)), keras.layers.Dense(2)])
    assert attention_weights(model, steps) == {}
    with pytest.raises(UserError, match="`over` must be one of self, source"):
        attention_weights(model, steps, over="all")


def test_drawn_attention_is_heard_though_it_gives_more(rng):
    query, features = keras.Input((3, 4)), keras.Input((2, 2, 6))
    layer = HardImageAttention(3, name="draws")
    model = keras.Model([query, features], layer(query, features))
    x = rng.normal(size=(2, 3, 4)), rng.normal(size=(2, 2, 2, 6))
    found = attention_weights(model, tuple(part.astype("float32") for part in x))
    assert found["draws"].shape == (2, 3, 4)
    np.testing.assert_allclose(found["draws"].sum(axis=-1), 1, atol=1e-5)

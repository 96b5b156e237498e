"""Three small models that generate, a table that stands for a fourth, and plain references."""

import copy
import functools
import itertools

import keras
import numpy as np
import pytest
from keras import ops

from kerasdl import layers
from kerasdl.decoding import Decoder, UncachedDecoder

VOCABULARY, LENGTH, SOURCE, PLACES = 7, 12, 5, 6
ZEROS = {"kernel_initializer": "zeros", "recurrent_initializer": "zeros"}


def fill(model, scale=0.7):
    """Weights large enough for distinct logits, the same on every backend."""
    rng = np.random.default_rng(3)
    for weight in model.trainable_variables:
        weight.assign(rng.normal(size=weight.shape, scale=scale).astype("float32"))
    return model


class GRUDecoder(Decoder):
    def __init__(self, chunk=4):
        tokens = keras.Input((None,), dtype="int32")
        self.embed = keras.layers.Embedding(VOCABULARY, 6, "zeros")
        self.gru = layers.GRU(8, return_sequences=True, return_state=True, **ZEROS)
        self.head = keras.layers.Dense(VOCABULARY, kernel_initializer="zeros")
        model = keras.Model(tokens, self.head(self.gru(self.embed(tokens))[0]))
        super().__init__(fill(model), VOCABULARY, chunk=chunk)

    def start(self, inputs, batch_size):
        return {"hidden": ops.zeros((batch_size, 8))}

    def step(self, tokens, state, position):
        hidden = self.embed(tokens[:, None])
        outputs, hidden = self.gru(hidden, initial_state=state["hidden"])
        return self.head(outputs[:, 0]), {"hidden": hidden}

    def prefill(self, tokens, lengths, state, position):
        embedded = self.embed(tokens)
        _, hidden = self.gru(embedded, lengths=lengths, initial_state=state["hidden"])
        return {"hidden": hidden}


class TransformerDecoder(Decoder):
    def __init__(self, chunk=4):
        tokens = keras.Input((LENGTH,), dtype="int32")
        self.embed = keras.layers.Embedding(VOCABULARY, 8, "zeros")
        self.positions = layers.LearnedPositions(LENGTH, "zeros")
        self.blocks = [
            layers.TransformerDecoderBlock(2, 12, kernel_initializer="zeros") for _ in range(2)
        ]
        self.head = keras.layers.Dense(VOCABULARY, kernel_initializer="zeros")
        x = self.positions(self.embed(tokens))
        for block in self.blocks:
            x = block(x)
        model = keras.Model(tokens, self.head(x))
        super().__init__(fill(model), VOCABULARY, LENGTH, chunk)

    def start(self, inputs, batch_size):
        return [block.initial_cache(batch_size, LENGTH) for block in self.blocks]

    def step(self, tokens, state, position):
        x, state = self.run(tokens[:, None], state, position)
        return self.head(x[:, 0]), state

    def prefill(self, tokens, lengths, state, position):
        return self.run(tokens, state, position)[1]

    def run(self, tokens, state, position):
        x = self.positions(self.embed(tokens), position=position)
        caches = []
        for block, cache in zip(self.blocks, state, strict=True):
            x, cache = block.step(x, cache, position)
            caches.append(cache)
        return x, caches


class AttentionGRUDecoder(Decoder):
    """An encoder, and a recurrent decoder that looks at it; prompts go step by step."""

    def __init__(self):
        source = keras.Input((SOURCE,), dtype="int32")
        lengths = keras.Input((), dtype="int32")
        tokens = keras.Input((None,), dtype="int32")
        self.embed = keras.layers.Embedding(VOCABULARY, 6, "zeros")
        self.encoder = layers.GRU(8, return_sequences=True, **ZEROS)
        self.decoder = layers.AttentionDecoder(8, rnn="gru")
        self.head = keras.layers.Dense(VOCABULARY, kernel_initializer="zeros")
        memory = self.encoder(self.embed(source), lengths=lengths)
        x = self.decoder(self.embed(tokens), memory, lengths=lengths)
        super().__init__(fill(keras.Model([source, lengths, tokens], self.head(x))), VOCABULARY)

    def start(self, inputs, batch_size):
        source, lengths = inputs
        memory = self.encoder(self.embed(source), lengths=lengths)
        cache = self.decoder.initial_cache(memory, lengths)
        return {"cache": cache, "weights": ops.zeros((batch_size, SOURCE))}

    def step(self, tokens, state, position):
        cache = state["cache"]
        looked = {name: cache[name] for name in ("memory", "keys", "visible")}
        output, states, weights = self.decoder.cell(
            self.embed(tokens), cache["states"], **looked, return_weights=True
        )
        cache = {**looked, "states": list(states)}
        return self.head(output), {"cache": cache, "weights": weights}

    def attention(self, state):
        return state["weights"], state["cache"]["visible"]


class TableDecoder(Decoder):
    """Logits and attention looked up by place and the last two tokens, to be read in NumPy too."""

    def __init__(self, size, max_length=None):
        self.logits = keras.layers.Embedding(PLACES * size**2, size, "zeros")
        self.looks = keras.layers.Embedding(size, 3, "ones")
        self.logits.build()
        self.looks.build()
        super().__init__(keras.Sequential([self.logits, self.looks]), size, max_length)

    def fill(self, table, looks=None):
        """A new table `(places, size, size, size)`; nothing is compiled anew."""
        size = self.vocabulary_size
        self.table = np.broadcast_to(table, (PLACES, size, size, size)).astype("float32")
        self.logits.embeddings.assign(self.table.reshape(-1, size))
        if looks is not None:
            self.looks.embeddings.assign(looks.astype("float32"))
        return self

    def start(self, inputs, batch_size):
        state = {"before": ops.zeros((batch_size,), "int32")}
        if inputs is not None:
            state |= {"visible": inputs, "weights": ops.zeros((batch_size, 3))}
        return state

    def step(self, tokens, state, position):
        size = self.vocabulary_size
        place = ((position % PLACES) * size + state["before"]) * size + tokens
        if "weights" in state:
            weights = self.looks(tokens) * ops.cast(state["visible"], "float32")
            weights = weights / ops.sum(weights, axis=-1, keepdims=True)
            state = {**state, "weights": weights}
        return self.logits(place), {**state, "before": tokens}

    def attention(self, state):
        return (state["weights"], state["visible"]) if "weights" in state else None


@functools.cache
def empty_table(size, max_length):
    return TableDecoder(size, max_length)


def table_decoder(size=5, seed=0, table=None, looks=None, max_length=None):
    """A decoder of random logits, or of the given ones; one of each size is compiled."""
    drawn = np.random.default_rng(seed).normal(size=(PLACES, size, size, size), scale=1.5)
    return empty_table(size, max_length).fill(drawn if table is None else table, looks)


def log_softmax(logits):
    logits = np.asarray(logits, "float64")
    shifted = logits - logits.max()
    return shifted - np.log(np.exp(shifted).sum())


class Reference:
    """What a table decoder's sequences are worth, in float64."""

    def __init__(self, decoder, visible=None, looks=None):
        self.decoder, self.visible, self.looks = decoder, visible, looks

    def next(self, tokens):
        """Log-probabilities of the token after these."""
        before = tokens[-2] if len(tokens) > 1 else 0
        place = (len(tokens) - 1) % PLACES
        return log_softmax(self.decoder.table[place, before, tokens[-1]])

    def log_prob(self, prompt, new):
        known, total = list(prompt), 0.0
        for token in new:
            total += self.next(known)[token]
            known.append(token)
        return total

    def score(self, prompt, new, length_penalty, coverage_penalty):
        score = self.log_prob(prompt, new) / ((5 + len(new)) / 6) ** length_penalty
        if coverage_penalty:
            weights = np.zeros(len(self.visible))
            for token in [prompt[-1], *new[:-1]]:
                look = self.looks[token] * self.visible
                weights += look / look.sum()
            score += coverage_penalty * np.log(np.minimum(weights[self.visible], 1)).sum()
        return score

    def all(self, longest, stop):
        """Every whole sequence: ended by a stop token, or as long as can be."""
        size = self.decoder.table.shape[-1]
        going = [token for token in range(size) if token not in stop]
        for length in range(longest):
            for start in itertools.product(going, repeat=length):
                for token in stop if length + 1 < longest else range(size):
                    yield (*start, token)


@pytest.fixture
def tables():
    return table_decoder


@pytest.fixture
def reference():
    return Reference


@pytest.fixture
def afresh():
    """`afresh(decoder)`: the same model and nothing compiled yet."""

    def copied(decoder, **changes):
        decoder = copy.copy(decoder)
        vars(decoder).update(changes, _programs={})
        return decoder

    return copied


@pytest.fixture(scope="session")
def gru():
    return GRUDecoder()


@pytest.fixture(scope="session")
def transformer():
    return TransformerDecoder()


@pytest.fixture(scope="session")
def attention_gru():
    return AttentionGRUDecoder()


@pytest.fixture
def case(request):
    """`case(name)`: decoder, its uncached twin, and inputs for three rows."""
    source = np.random.default_rng(1).integers(0, VOCABULARY, (3, SOURCE)).astype("int32")

    def of(name):
        decoder = request.getfixturevalue(name)
        inputs = [source, np.array([5, 3, 1], "int32")] if name == "attention_gru" else None
        return decoder, UncachedDecoder(decoder.model, LENGTH), inputs

    return of


@pytest.fixture
def half_precision():
    """`half_precision()`: a transformer that computes in bfloat16."""
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    yield TransformerDecoder
    keras.config.set_dtype_policy(policy)

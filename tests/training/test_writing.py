"""Writing on from a prompt, by a decoder that counts the alphabet."""

import keras
import pytest

from kerasdl.data import train_tokenizer
from kerasdl.decoding import Decoder, Greedy, Sampling
from kerasdl.errors import UserError
from kerasdl.training.writing import Writer

LETTERS = "abcdefghij"


class Alphabet(Decoder):
    """After each letter the next one; after the last the first."""

    def start(self, inputs, batch_size):
        return {"last": keras.ops.zeros((batch_size,), "int32")}

    def step(self, tokens, state, position):
        following = keras.ops.where(tokens < 4 + len(LETTERS) - 1, tokens + 1, 4)
        return keras.ops.one_hot(following, 4 + len(LETTERS)) * 50.0, {"last": tokens}


@pytest.fixture(scope="module")
def decoder():
    return Alphabet(keras.Sequential(), 4 + len(LETTERS), max_length=6)


@pytest.fixture
def writer(decoder):
    made = object.__new__(Writer)
    made.tokenizer = train_tokenizer([LETTERS], "characters")
    made.decoder = decoder
    return made


def written(writer, prompt, **how):
    return "".join(writer.write(prompt, **{"strategy": Greedy(), **how}))


def test_writing_goes_on_where_the_context_is_full(writer):
    assert written(writer, "ab", max_new_tokens=20) == (LETTERS * 3)[2:22]


def test_writing_ends_before_a_text_that_stops_it(writer):
    assert written(writer, "a", stop="fg", max_new_tokens=30) == "bcde"
    pieces = list(writer.write("a", strategy=Greedy(), stop="de", max_new_tokens=5))
    assert "".join(pieces) == "bc"
    assert not any("d" in piece for piece in pieces)


def test_what_is_held_back_comes_at_the_end(writer):
    assert written(writer, "a", stop="efgx", max_new_tokens=6) == "bcdefg"


def test_a_prompt_that_fills_the_context_is_cut_with_its_count_or_refused(writer):
    with pytest.warns(UserWarning, match="10 tokens fill the context of 6: its last 3 are used"):
        assert written(writer, LETTERS, max_new_tokens=2) == "ab"
    with pytest.raises(UserError, match="has 10 tokens and the context 6"):
        written(writer, LETTERS, overlong="refuse")


def test_unseen_characters_are_counted(writer):
    with pytest.warns(UserWarning, match="2 of the prompt's 3 tokens are not in the vocabulary"):
        written(writer, "é漢a", max_new_tokens=1)


def test_the_same_seed_writes_the_same(writer):
    how = {"strategy": Sampling(temperature=40.0), "max_new_tokens": 12, "seed": 5}
    assert written(writer, "a", **how) == written(writer, "a", **how)
    assert written(writer, "a", **how) != written(writer, "a", **{**how, "seed": 6})

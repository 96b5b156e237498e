"""Texts as numbers: characters in windows, words in rows."""

import gzip
import lzma

import numpy as np
import pytest

from kerasdl.data import Inputs, load
from kerasdl.data.text import character_numbers, frequent_words, load_text, word_numbers, words
from kerasdl.errors import UserError

pytestmark = pytest.mark.once

TEXT = "to be, or not to be: that is the question. 😀é" * 9


def decoded(numbers, vocabulary):
    return "".join(vocabulary[number - 1] for number in np.ravel(numbers))


def test_a_text_becomes_windows_and_the_windows_one_character_on(tmp_path):
    path = tmp_path / "play.txt"
    path.write_text(TEXT, encoding="utf-8")
    data = load_text(path, context=10)
    windows = (len(TEXT) - 1) // 10
    assert (data.name, data.task) == ("play", "language-modelling")
    assert data.train.x.shape == data.train.y.shape == (windows, 10)
    vocabulary = data.inputs.vocabulary
    assert list(vocabulary) == sorted(set(TEXT))
    assert decoded(data.train.x, vocabulary) == TEXT[: windows * 10]
    assert decoded(data.train.y, vocabulary) == TEXT[1 : windows * 10 + 1]
    spec = data.spec()
    assert (spec.vocab_size, spec.outputs, spec.context) == (len(vocabulary) + 1,) * 2 + (10,)


@pytest.mark.parametrize(
    ("name", "pack"),
    [("t.txt", bytes), ("t.txt.gz", gzip.compress), ("t.txt.xz", lzma.compress)],
)
def test_a_packed_text_is_the_same_text(tmp_path, name, pack):
    (tmp_path / name).write_bytes(pack(TEXT.encode()))
    data = load(tmp_path / name)
    assert data.name == "t"
    assert decoded(data.train.x, data.inputs.vocabulary) == TEXT[: data.train.x.size]


def test_characters_that_training_had_not_are_unknown():
    assert character_numbers("abzc\U0010ffff", ("a", "b", "c")).tolist() == [1, 2, 0, 3, 0]


def test_reading_a_text_gives_windows_of_the_context(tmp_path):
    inputs = Inputs(kind="text", shape=(3,), dtype="int32", vocabulary=tuple("abc"))
    (tmp_path / "new.txt").write_text("abcabcab")
    x, names = inputs.read([tmp_path / "new.txt"])
    assert x.tolist() == [[1, 2, 3], [1, 2, 3]]
    assert names == [f"{tmp_path}/new.txt:0", f"{tmp_path}/new.txt:3"]


def test_words_are_lower_case_without_tags_and_marks():
    assert words("It's GOOD!<br /><br />10/10, isn't it?") == [
        "it's",
        "good",
        "!",
        "10",
        "10",
        "isn't",
        "it",
        "?",
    ]


def test_frequent_words_come_first_and_equals_by_the_alphabet():
    assert frequent_words([["b", "a", "c"], ["c", "d"]], 3) == ("c", "a", "b")


def test_word_numbers_pad_at_the_end_and_keep_the_last_words():
    rows = word_numbers([["a", "x"], ["a", "b", "a", "b"], []], ("a", "b"), 3)
    assert rows.tolist() == [[2, 1, 0], [3, 2, 3], [0, 0, 0]]


def test_reading_texts_gives_a_sample_for_each_line(tmp_path):
    inputs = Inputs(kind="tokens", shape=(4,), dtype="int32", vocabulary=("good", "bad"))
    (tmp_path / "new.txt").write_text("Good film\n\nbad, bad\n")
    x, names = inputs.read([tmp_path / "new.txt"])
    assert x.tolist() == [[2, 1, 0, 0], [3, 3, 0, 0]]
    assert names == [f"{tmp_path}/new.txt:1", f"{tmp_path}/new.txt:3"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "at least 193 characters .*Received: 0"),
        (b"too short", "at least 193 characters .*Received: 9"),
        (b"caf\xe9 " * 100, "must be UTF-8. Received: byte 0xe9 in line 1.*iconv"),
        ("abc".encode("utf-16"), "must be UTF-8"),
    ],
)
def test_what_is_no_text_is_one_message(tmp_path, content, message):
    (tmp_path / "a.txt").write_bytes(content)
    with pytest.raises(UserError, match=message):
        load(tmp_path / "a.txt")


@pytest.mark.parametrize(
    ("name", "pack"), [("a.txt.gz", gzip.compress), ("a.txt.xz", lzma.compress)]
)
def test_a_cut_packed_text_is_one_message(tmp_path, name, pack):
    whole = pack(TEXT.encode())
    for length in (0, 5, len(whole) // 2, len(whole) - 4):
        (tmp_path / name).write_bytes(whole[:length])
        with pytest.raises(UserError, match=name):
            load(tmp_path / name)


def test_a_text_that_unpacks_to_more_than_the_limit_is_refused(tmp_path):
    from kerasdl.data.files import read_bytes

    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(bytes(10**6)))
    with pytest.raises(UserError, match="may unpack to 1000 bytes at most"):
        read_bytes(tmp_path / "a.txt.gz", limit=1000)


def test_reading_too_little_text_is_one_message(tmp_path):
    inputs = Inputs(kind="text", shape=(30,), dtype="int32", vocabulary=tuple("abc"))
    (tmp_path / "new.txt").write_text("abc")
    with pytest.raises(UserError, match="at least 30 characters, the model's context"):
        inputs.read([tmp_path / "new.txt"])


def test_tiny_shakespeare_is_what_its_readme_says(data_folder):
    path = data_folder / "tinyshakespeare" / "input.txt"
    if not path.exists():
        pytest.skip(f"no tiny Shakespeare in {data_folder}")
    data = load(path)
    assert len(data.inputs.vocabulary) == 65
    assert data.train.x.shape == (1_115_393 // 64, 64)
    assert decoded(data.train.x[0, :14], data.inputs.vocabulary) == "First Citizen:"

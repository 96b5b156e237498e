"""Texts as numbers, by task; every expected number is counted by hand."""

import numpy as np
import pytest

from kerasdl.data import TextPlan, prepare, texts_data, train_tokenizer
from kerasdl.data.data_warning import DataWarning
from kerasdl.data.text_form import TextForm, lengths_of
from kerasdl.errors import UserError

pytestmark = pytest.mark.once

# <pad> 0, <unk> 1, <bos> 2, <eos> 3; then by falling count, equals by code point.


def texts(task, train, test=None, **plan):
    parts = {"train": train, **({"test": test} if test else {})}
    return texts_data(parts, task, name="small", plan=TextPlan(**plan))


def test_texts_with_classes_become_rows():
    data = texts(
        "text-classification",
        (["a b a", "b"], ["x", "y"]),
        (["a c"], ["y"]),
        tokenizer="words",
    )
    done = prepare(data)
    assert done.train.x.tolist() == [[4, 5, 4], [5, 0, 0]]
    assert done.test.x.tolist() == [[4, 1, 0]]  # c is in no training text
    assert done.test.y.tolist() == [1]
    spec = done.spec()
    assert (spec.vocab_size, spec.context, spec.outputs) == (6, 3, 2)


def test_the_end_of_a_long_text_is_kept_where_the_plan_says_so():
    data = texts("text-classification", (["a b a b b", "b"], ["x", "y"]), tokenizer="words")
    with pytest.warns(DataWarning, match="1 of 2 sequences had more than 2 entries"):
        assert prepare(data, context=2, keep="last").train.x.tolist() == [[4, 4], [4, 0]]
    with pytest.raises(UserError, match="2 entries at most. Received: 5 in sample 0"):
        prepare(data, context=2, overlong="refuse")


def test_labelled_words_keep_their_labels():
    data = texts(
        "sequence-labelling", ([["a", "B"], ["a"]], [["N", "V"], ["N"]]), tokenizer="words"
    )
    done = prepare(data)
    assert done.train.x.tolist() == [[4, 5], [4, 0]]
    assert done.train.y.tolist() == [[0, 1], [0, -1]]
    assert done.spec().characters is None


def test_words_come_with_their_characters_where_asked():
    data = texts(
        "sequence-labelling", ([["ab", "ba"], ["abba"]], [["N", "V"], ["N"]]), tokenizer="words"
    )
    done = prepare(data, word_length=3)
    # characters: a 4, b 5; the words "ab" 4, "abba" 5, "ba" 6
    assert done.train.x.tolist() == [[[4, 4, 5, 0], [6, 5, 4, 0]], [[5, 4, 5, 5], [0, 0, 0, 0]]]
    spec = done.spec()
    assert (spec.characters, spec.word_length, spec.context) == (6, 3, 2)
    again, names = done.inputs.read(["ba abba"])
    assert again.tolist() == [[[6, 5, 4, 0], [5, 4, 5, 5]]]
    assert names == ["ba abba"]


def test_texts_that_end_are_packed_with_their_ends():
    data = texts("language-modelling", ([["a", "b"], ["a"]], None), tokenizer="words")
    done = prepare(data, context=2)
    assert done.train.x.tolist() == [[4, 5], [3, 4]]
    assert done.train.y.tolist() == [[5, 3], [4, 3]]


def test_a_translation_has_its_ends_and_its_words():
    data = texts("sequence-to-sequence", (["a b", "b"], ["X", "Y X"]), tokenizer="words")
    done = prepare(data)
    assert done.train.x.tolist() == [[5, 4, 3], [4, 3, 0]]
    assert done.train.y.tolist() == [[2, 4, 3, 0], [2, 5, 4, 3]]
    assert done.train.references.tolist() == ["X", "Y X"]
    spec = done.spec()
    assert (spec.context, spec.target_context, spec.target_vocab_size) == (3, 3, 6)


def test_what_is_asked_goes_before_the_plan():
    data = texts("text-classification", (["ab", "b"], ["x", "y"]), tokenizer="words")
    done = prepare(data, tokenizer="characters(min_count=2)", context=2)
    assert done.train.x.tolist() == [[1, 4], [4, 0]]


@pytest.mark.parametrize(
    ("wishes", "message"),
    [
        ({"tokenizer": "letters"}, "`kind` must be one of characters"),
        ({"tokenizer": "words(size=3)"}, "tokenizer 'words.size=3.' cannot be made"),
        ({"tokenizer": "words("}, "must be NAME or NAME"),
        ({"context": 0}, "`context` must be a whole number at least 1|in \\[1"),
        ({"horizon": 4}, "`horizon` does not apply to small"),
        ({"overlong": "keep"}, "`overlong` must be cut or refuse"),
    ],
)
def test_bad_wishes_are_named(wishes, message):
    data = texts("text-classification", (["ab", "b"], ["x", "y"]))
    with pytest.raises(UserError, match=message):
        prepare(data, **wishes)


@pytest.mark.parametrize(
    ("task", "train", "test", "message"),
    [
        ("sums", (["a"], None), None, "`task` of texts must be one of"),
        ("language-modelling", (["a"], ["b"]), None, "needs no targets"),
        ("text-classification", (["a", "b"], None), None, "needs targets"),
        ("text-classification", (["a", "b"], ["x"]), None, "equally many. Received: 2 and 1"),
        ("text-classification", (["a", "b"], ["x", "y"]), (["a"], ["z"]), "no class that training"),
        ("sequence-labelling", ([["a", "b"]], [["N"]]), None, "2 words and 1 labels in sample 0"),
    ],
)
def test_texts_that_do_not_fit_are_named(task, train, test, message):
    with pytest.raises(UserError, match=message):
        texts(task, train, test)


def test_a_text_without_a_token_is_named():
    form = TextForm(tokenizer=train_tokenizer(["a b"], "words"), context=3)
    with pytest.raises(UserError, match="at least one token. Received: none in text 1"):
        form.rows(["a", " "])


def test_a_row_that_has_no_room_is_refused():
    with pytest.raises(UserError, match="context"):
        TextForm(tokenizer=train_tokenizer(["a"], "words"), context=2, bos=True, eos=True)


def test_lengths_are_counted_to_the_last_entry():
    rows = np.array([[4, 0, 5, 0], [0, 0, 0, 0], [1, 2, 3, 4]])
    assert lengths_of(rows).tolist() == [3, 0, 4]
    assert lengths_of(rows[..., None]).tolist() == [3, 0, 4]
    assert lengths_of(np.array([[0, -1], [1, 2]]), -1).tolist() == [1, 2]


def test_texts_are_read_from_files_and_as_they_are(tmp_path):
    data = texts("text-classification", (["a b a", "b"], ["x", "y"]), tokenizer="words")
    inputs = prepare(data).inputs
    (tmp_path / "new.txt").write_text("b a\n\nb\n", encoding="utf-8")
    with pytest.warns(DataWarning, match="1 of 3 lines are empty and left out"):
        rows, names = inputs.read([tmp_path / "new.txt", "a c"])
    assert rows.tolist() == [[5, 4, 0], [5, 0, 0], [4, 1, 0]]
    assert names == ["b a", "b", "a c"]
    with pytest.raises(UserError, match="no such file"):
        inputs.read(["gone.txt"])
    with pytest.raises(UserError, match="Received: an empty one"):
        inputs.read([" "])

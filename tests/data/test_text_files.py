"""Texts from files: what each becomes, and what is refused."""

import gzip
import lzma

import numpy as np
import pytest

from kerasdl.data import load, prepare, split
from kerasdl.errors import UserError

pytestmark = pytest.mark.once

TEXT = "to be, or not to be:\nthat is the question. 😀é\n" * 40


@pytest.fixture
def write(tmp_path):
    def put(name, text):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8", newline="")
        return path

    return put


@pytest.mark.parametrize(
    ("name", "pack"),
    [("t.txt", bytes), ("t.txt.gz", gzip.compress), ("t.txt.xz", lzma.compress)],
)
def test_a_text_comes_whole_packed_or_not(tmp_path, name, pack):
    (tmp_path / name).write_bytes(pack(TEXT.encode()))
    data = load(tmp_path / name)
    assert (data.name, data.task) == ("t", "language-modelling")
    assert "".join(data.train.x) == TEXT


def test_a_text_becomes_rows_and_the_rows_one_character_on(write):
    data = split(load(write("play.txt", TEXT)), seed=0)
    done = prepare(data, context=10)
    form = done.inputs.text
    assert (done.inputs.kind, done.inputs.shape) == ("tokens", (10,))
    text = "".join(data.train.x)
    rows = (len(text) - 1) // 10
    assert done.train.x.shape == done.train.y.shape == (rows, 10)
    assert form.text(done.train.x.ravel()) == text[: rows * 10]
    assert form.text(done.train.y.ravel()) == text[1 : rows * 10 + 1]
    # 24 characters, and four of control
    assert done.spec().vocab_size == len(set(text)) + 4 == done.outputs
    assert done.spec().context == 10


def test_a_long_line_can_be_split_too(write):
    data = split(load(write("one.txt", "abcd" * 2500)), seed=0)
    assert sum(len(part.x) for part in data.parts.values()) == 10
    assert "".join(data.train.x) == "abcd" * 1750


def test_two_files_and_two_columns_are_translations(write):
    source, target = write("a.de", "eins\nzwei\n"), write("a.en", "one\ntwo\n")
    pairs = write("pairs.tsv", "eins\tone\nzwei\ttwo\n")
    for data in (
        load(source, task="sequence-to-sequence", target=str(target)),
        load(pairs, task="sequence-to-sequence"),
    ):
        assert data.task == "sequence-to-sequence"
        assert data.train.x.tolist() == ["eins", "zwei"]
        assert data.train.y.tolist() == ["one", "two"]


def test_a_table_of_texts_and_classes(write):
    path = write("r.csv", 'stars,text\nno,"bad, really"\nyes,good\nyes,fine\n')
    data = load(path, task="text-classification", target="stars")
    assert data.classes == ("no", "yes")
    assert data.train.x.tolist() == ["bad, really", "good", "fine"]
    assert data.train.y.tolist() == [0, 1, 1]


def test_annotated_sentences(write):
    rows = "".join(
        f"{n}\t{w}\t_\t{t}\t{t}X\t_\t_\t_\t_\t_\n"
        for n, w, t in ((1, "cats", "NOUN"), (2, "sleep", "VERB"))
    )
    path = write("s.conllu", rows + "\n")
    data = load(path)
    assert (data.task, data.classes) == ("sequence-labelling", ("NOUN", "VERB"))
    assert data.train.x[0] == ["cats", "sleep"]
    assert data.train.y[0].tolist() == [0, 1]
    assert load(path, target="xpos").classes == ("NOUNX", "VERBX")


def test_lines_are_their_own_targets_in_autoencoding(write):
    data = load(write("l.txt", "one\n\ntwo\n"), task="autoencoding")
    assert data.task == "sequence-to-sequence"
    assert data.train.x.tolist() == data.train.y.tolist() == ["one", "two"]


def test_lines_for_masked_language_modelling(write):
    data = load(write("l.txt", "one two\nthree\n"), task="masked-language-modelling")
    done = prepare(split(data, seed=0, test=0, validation=0), tokenizer="words")
    assert "<mask>" in done.inputs.text.tokenizer.specials
    assert done.train.y is None


@pytest.mark.parametrize(
    ("name", "text", "how", "message"),
    [
        ("a.txt", "", {}, "at least one"),
        ("a.txt", "x\n", {"task": "tabular-regression"}, "a text alone is for"),
        ("a.de", "x\n", {"task": "sequence-to-sequence"}, "`target` must be the path of the text"),
        ("a.tsv", "x\ty\n", {"task": "text-classification"}, "give `target`"),
        ("a.csv", "a,b\n1,2\n", {"task": "text-classification", "target": "c"}, "no column 'c'"),
        (
            "a.csv",
            "a,b,c\n1,2,3\n",
            {"task": "text-classification", "target": "c"},
            "one column beside 'c'.*Received: a, b",
        ),
        (
            "a.csv",
            "text,c\nx,\n",
            {"task": "text-classification", "target": "c"},
            "row 1 lacks its text or its class",
        ),
        ("a.conllu", "1\tx\n\n", {}, "line 1"),
        ("a.conllu", "", {"target": "tag"}, "no column 'tag'"),
        ("a.conllu", "", {"task": "tabular-regression"}, "CoNLL-U is for sequence-labelling"),
    ],
)
def test_what_does_not_fit_is_one_message(write, name, text, how, message):
    with pytest.raises(UserError, match=message):
        load(write(name, text), **how)


def test_parallel_files_of_unequal_length_say_both_counts(write):
    source, target = write("a.de", "eins\nzwei\n"), write("a.en", "one\n")
    with pytest.raises(UserError, match=r"Received: 2 and 1; .*line 2 is the first"):
        load(source, task="sequence-to-sequence", target=str(target))


@pytest.mark.parametrize("content", [b"caf\xe9 " * 100, "abc".encode("utf-16")])
def test_what_is_not_utf_8_is_one_message(tmp_path, content):
    (tmp_path / "a.txt").write_bytes(content)
    with pytest.raises(UserError, match="must be UTF-8"):
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


def test_the_named_texts_are_what_their_readme_says(data_folder):
    if not (data_folder / "ptb").exists():
        pytest.skip(f"no texts in {data_folder}")
    plays = load("tinyshakespeare")
    assert sum(map(len, plays.train.x)) == int(0.9 * 1_115_394)
    assert plays.train.x[0] == "First Citizen:\n"
    sizes = {"trec": (5452, 500), "ud-english": (12_544, 2001), "multi30k-de-en": (29_000, 1000)}
    for name, counts in sizes.items():
        data = load(name)
        assert (len(data.train), len(data.test)) == counts
    words = [sum(len(line) + 1 for line in part.x) for part in load("ptb").parts.values()]
    assert words == [929_589, 73_760, 82_430]
    assert len(load("ud-english").classes) == 17
    assert [len(part.x) for part in load("etth1").parts.values()] == [8640, 2880, 2880]
    assert np.isfinite(load("etth1").train.x).all()

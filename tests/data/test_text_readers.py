"""Readers of texts: what they give, and what each says to a broken file."""

import gzip
import lzma

import pytest

from kerasdl.data import read_columns, read_conllu, read_lines, read_parallel
from kerasdl.errors import UserError

pytestmark = pytest.mark.once

PACKERS = {"": bytes, ".gz": gzip.compress, ".xz": lzma.compress}


@pytest.fixture
def write(tmp_path):
    def write(name, text):
        path = tmp_path / name
        content = text if isinstance(text, bytes) else text.encode()
        path.write_bytes(PACKERS[path.suffix if path.suffix in PACKERS else ""](content))
        return path

    return write


@pytest.mark.parametrize("packed", PACKERS)
def test_lines_end_with_line_feeds_alone(write, packed):
    path = write(f"a.txt{packed}", "one\r\n two\u2028still\x0c \n\n\u00e9\rx")
    assert read_lines(path) == ["one", " two\u2028still\x0c ", "", "\u00e9\rx"]
    assert read_lines(path, empty="skip") == ["one", " two\u2028still\x0c ", "\u00e9\rx"]
    with pytest.raises(UserError, match="line 3: there must be a text"):
        read_lines(path, empty="refuse")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "at least one line"),
        ("caf\u00e9\nx\n".encode("latin1"), "must be UTF-8. Received: byte 0xe9 in line 1"),
        (b"ok\n\xff\n", "in line 2"),
    ],
)
def test_a_file_that_is_no_text_is_one_message(write, content, message):
    with pytest.raises(UserError, match=message):
        read_lines(write("a.txt", content))
    with pytest.raises(UserError, match="no such file"):
        read_lines("nowhere.txt")


@pytest.mark.parametrize("packed", PACKERS)
def test_parallel_texts_come_from_two_files_or_two_columns(write, packed):
    two = write(f"a.de{packed}", "eins\nzwei\n"), write(f"a.en{packed}", "one\ntwo")
    one = write(f"a.tsv{packed}", "eins\tone\nzwei\ttwo\n")
    assert read_parallel(*two) == read_parallel(one) == (["eins", "zwei"], ["one", "two"])


def test_parallel_texts_of_unequal_length_are_refused_with_both_and_the_line(write):
    a, b = write("a.de", "eins\nzwei\ndrei\n"), write("a.en", "one\ntwo\n")
    with pytest.raises(UserError, match=r"Received: 3 and 2; .*a\.de, line 3 is the first"):
        read_parallel(a, b)
    with pytest.raises(UserError, match=r"Received: 2 and 3; .*a\.de, line 3 is the first"):
        read_parallel(b, a)


def test_an_empty_side_is_refused_skipped_or_kept(write):
    a, b = write("a.de", "eins\n \ndrei\n"), write("a.en", "one\ntwo\nthree\n")
    with pytest.raises(UserError, match="line 2: there must be a text.*empty='skip'"):
        read_parallel(a, b)
    assert read_parallel(a, b, empty="skip") == (["eins", "drei"], ["one", "three"])
    assert read_parallel(a, b, empty="keep")[0] == ["eins", " ", "drei"]
    with pytest.raises(UserError, match="`empty` must be one of refuse, skip, keep"):
        read_parallel(a, b, empty="drop")
    with pytest.raises(UserError, match="a row that is not empty"):
        read_lines(write("e.txt", "\n\n"), empty="skip")


def test_a_line_without_two_columns_is_named(write):
    with pytest.raises(UserError, match=r"a\.tsv, line 2: every row must have two texts.*: 3"):
        read_parallel(write("a.tsv", "a\tb\na\tb\tc\n"))


def test_columns_of_a_csv_file_may_hold_separators_and_line_ends(write):
    path = write("r.csv", 'id,text,label\n1,"good, ""very""\nfilm",pos\n\n2,bad,neg\n')
    assert read_columns(path, "text", "label") == (['good, "very"\nfilm', "bad"], ["pos", "neg"])
    assert read_columns(path, 2) == (["pos", "neg"],)


def test_columns_of_a_tsv_file_are_taken_as_they_are(write):
    path = write("r.tsv.gz", '0\t"half a quote\n1\tit\'s "so"\n')
    assert read_columns(path, 1, 0, header=False) == (
        ['"half a quote', 'it\'s "so"'],
        ["0", "1"],
    )
    quoted = write("q.tsv", 'text\tlabel\n"a\tb"\t1\n')
    assert read_columns(quoted, "text", quoted=True) == (["a\tb"],)


def test_a_text_of_any_length_is_read(write):
    long = "x" * 200_000  # above the csv module's own limit
    assert read_columns(write("l.csv", f"text\n{long}\n"), "text") == ([long],)


@pytest.mark.parametrize(
    ("content", "columns", "message"),
    [
        ("", ["text"], "the text must have at least one line|the table is empty"),
        ("text,label\na,b\n", ["txt"], "one column 'txt'.*text, label.*Did you mean 'text'"),
        ("text,text\na,b\n", ["text"], "one column 'text'. Received the columns: text, text"),
        ("text,label\na,b\n", [2], r"a place in \[0, 2\) or a name. Received: 2"),
        ("text,label\na,b\n", [], "at least one column"),
        ("text,label\na,b\nc\n", ["text"], "line 3: every row must have the 2 fields of line 1"),
        (
            "text,label\na,\n",
            ["text", "label"],
            r"line 2: there must be a text. Received: \['a', ''",
        ),
        ('text,label\n"a,b\n', ["text"], "line 2: not a CSV table"),
        ("text,label\n", ["text"], "a row that is not empty"),
    ],
)
def test_mistakes_in_a_table_are_named(write, content, columns, message):
    with pytest.raises(UserError, match=message):
        read_columns(write("t.csv", content), *columns)


def test_without_a_header_columns_go_by_place(write):
    with pytest.raises(UserError, match=r"a place in \[0, 2\). Received: 'text'"):
        read_columns(write("t.csv", "a,b\n"), "text", header=False)


def word(number, form, upos="X", **fields):
    names = ("lemma", "xpos", "feats", "head", "deprel", "deps", "misc")
    rest = {name: fields.get(name, "_") for name in names}
    return "\t".join([str(number), form, rest.pop("lemma"), upos, *rest.values()])


CONLLU = "\n".join(
    [
        "# sent_id = 1",
        word("1-2", "vámonos", "_"),
        word(1, "vamos", "VERB", lemma="ir"),
        word(2, "nos", "PRON"),
        word("2.1", "fuimos", "VERB"),
        word(3, "al mar", "NOUN", misc="SpaceAfter=No|Gloss=to the sea"),
        "",
        "",
        "# sent_id = 2",
        "# text = #",
        word("0.1", "pro", "PRON"),
        word(1, "#", "SYM"),
    ]
)


@pytest.mark.parametrize("end", ["", "\n", "\n\n"])
def test_words_and_columns_of_conllu_without_multiword_tokens_and_empty_nodes(write, end):
    words, tags, lemmas = read_conllu(write("a.conllu.xz", CONLLU + end), "form", "upos", "lemma")
    assert words == [["vamos", "nos", "al mar"], ["#"]]
    assert tags == [["VERB", "PRON", "NOUN"], ["SYM"]]
    assert lemmas == [["ir", "_", "_"], ["_"]]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["1\ta"], "line 1: there must be 10 fields parted by tabs, not 2"),
        ([word(1, "a").replace("\t", "  ")], "line 1: there must be 10 fields"),
        ([word(1, "a"), word(3, "b")], "line 2: the next word must have the id 2"),
        ([word(2, "a")], "the next word must have the id 1"),
        ([word("x", "a")], "the id must be of the form"),
        ([word("01", "a")], "the id must be of the form"),
        ([word("2-3", "ab"), word(1, "a")], "must begin at word 1"),
        ([word("1-1", "a")], "end after it"),
        ([word(1, "")], "the field form must be filled"),
        ([word(1, "a", "NOUN X")], "the field upos must be filled and hold no space"),
        ([word(1, "a"), "# late"], "line 2: comments must stand before the words"),
        (["# nothing"], "at least one sentence"),
    ],
)
def test_what_breaks_the_rules_of_conllu_is_named(write, lines, message):
    with pytest.raises(UserError, match=message):
        read_conllu(write("a.conllu", "\n".join(lines) + "\n"), "form")


def test_unknown_columns_of_conllu_are_named(write):
    with pytest.raises(UserError, match="Received: 'pos'.*Did you mean"):
        read_conllu(write("a.conllu", CONLLU), "pos")
    with pytest.raises(UserError, match="at least one column"):
        read_conllu(write("a.conllu", CONLLU))


def real(folder, name):
    path = folder / name
    if not path.exists():
        pytest.skip(f"no {name} in {folder}")
    return path


# The numbers of lines, sentences, words, tokens and tags are those that the data's README states.


@pytest.mark.parametrize(("part", "pairs"), [("train", 29_000), ("val", 1_014)])
def test_multi30k_is_what_its_readme_says(data_folder, part, pairs):
    files = [real(data_folder, f"multi30k/{part}.{side}.gz") for side in ("de", "en")]
    source, target = read_parallel(*files)
    assert len(source) == len(target) == pairs
    assert "\u00df" in "".join(source) and "Two " in "".join(target)


def test_the_english_web_treebank_is_what_its_readme_says(data_folder):
    path = real(data_folder, "ud_english_ewt/en_ewt-ud-dev.conllu.gz")
    words, tags = read_conllu(path, "form", "upos")
    assert (len(words), sum(map(len, words))) == (2_001, 25_147)
    assert len({tag for sentence in tags for tag in sentence}) == 17


@pytest.mark.long
def test_the_treebanks_training_part_is_what_its_readme_says(data_folder):
    path = real(data_folder, "ud_english_ewt/en_ewt-ud-train.conllu.gz")
    words, tags = read_conllu(path, "form", "xpos")
    assert (len(words), sum(map(len, words))) == (12_544, 204_577)
    assert len({tag for sentence in tags for tag in sentence}) == 49


def test_the_penn_treebank_is_what_its_readme_says(data_folder):
    lines = read_lines(real(data_folder, "ptb/ptb.train.txt.gz"))
    words = [line.split() for line in lines]
    assert (len(lines), sum(len(line) + 1 for line in words)) == (42_068, 929_589)
    assert len({word for line in words for word in line}) + 1 == 10_000


def test_tiny_shakespeare_read_by_lines_has_all_its_characters(data_folder):
    lines = read_lines(real(data_folder, "tinyshakespeare/input.txt"))
    assert sum(len(line) + 1 for line in lines) == 1_115_394

"""Tokenizers: there and back, special tokens, files."""

import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kerasdl.data import Tokenizer, train_tokenizer
from kerasdl.errors import MissingDependencyError, UserError

huggingface = pytest.importorskip("tokenizers", reason="the extra `text` is not installed")

pytestmark = pytest.mark.once

TEXTS = [
    "the cat sat on the mat",
    "the cats sat on the mats, didn't they?",
    "ein Mädchen <de> sitzt\n\ton the mat",
    "<pad> is a word here, and <eos> too",
] * 3
SIZES = {"characters": None, "words": None, "bpe": 300, "unigram": 60}
KINDS = tuple(SIZES)


def trained(kind, **arguments):
    return train_tokenizer(TEXTS, kind, SIZES[kind], **arguments)


@pytest.fixture(scope="module")
def tokenizers():
    return {kind: trained(kind, specials=["<de>"]) for kind in KINDS}


@pytest.fixture(scope="module")
def bpe():
    return trained("bpe")


@given(st.text())
@example("<pad><unk><bos><eos> <pad>")
@example("  two  spaces \r\n \u2028\u00a0\x00 end ")
@example("e\u0301 \u00e9 \U0001f469\u200d\U0001f52c \ufeff\uffff")
def test_bytes_give_any_text_back(bpe, text):
    ids = bpe.encode([text], bos=True, eos=True)[0]
    assert bpe.decode(ids) == text


@settings(max_examples=50)
@given(st.lists(st.text(), min_size=1, max_size=4).filter(any))
def test_characters_give_back_what_they_were_trained_on(texts):
    tokenizer = train_tokenizer(texts, "characters")
    assert [tokenizer.decode(ids) for ids in tokenizer.encode(texts)] == texts
    assert set(tokenizer.tokens[4:]) == set("".join(texts))


@pytest.mark.parametrize("kind", KINDS)
def test_special_tokens_come_first(tokenizers, kind):
    tokenizer = tokenizers[kind]
    controls = (
        ("<pad>", "<bos>", "<eos>") if kind == "bpe" else ("<pad>", "<unk>", "<bos>", "<eos>")
    )
    assert tokenizer.specials == tokenizer.tokens[: len(controls) + 1] == (*controls, "<de>")
    assert tokenizer.pad_id == 0
    assert tokenizer.unk_id == (None if kind == "bpe" else 1)
    assert (tokenizer.bos_id, tokenizer.eos_id) == ((1, 2) if kind == "bpe" else (2, 3))
    assert tokenizer.vocab_size == len(tokenizer.tokens)


@pytest.mark.parametrize("kind", KINDS)
def test_own_special_tokens_are_found_and_the_control_tokens_are_text(tokenizers, kind):
    tokenizer = tokenizers[kind]
    ids = tokenizer.encode(["<pad> <de> <eos><unk>"], bos=True, eos=True)[0]
    assert ids.dtype == np.int32
    special = [number for number in ids if number < len(tokenizer.specials)]
    de = tokenizer.specials.index("<de>")
    unknown = [] if kind == "bpe" else [tokenizer.unk_id]
    assert [n for n in special if n not in unknown] == [tokenizer.bos_id, de, tokenizer.eos_id]


@pytest.mark.parametrize("kind", ["bpe", "unigram"])
def test_a_control_token_that_fills_the_texts_becomes_no_piece(kind):
    texts = ["<pad><eos> <pad>"] * 50 + ["<eos> <pad> abc"] * 50
    tokenizer = train_tokenizer(texts, kind, 270 if kind == "bpe" else 40)
    ids = tokenizer.encode(texts[:1] + texts[-1:])
    controls = {tokenizer.pad_id, tokenizer.bos_id, tokenizer.eos_id}
    assert not controls & set(np.concatenate(ids).tolist())
    assert [tokenizer.decode(i) for i in ids] == [texts[0], texts[-1]]


def test_words_are_numbered_by_falling_count_and_then_by_the_alphabet():
    tokenizer = train_tokenizer(["b a c a", "c? Don't"], "words")
    assert tokenizer.tokens[4:] == ("a", "c", "?", "Don't", "b")
    assert tokenizer.encode(["a d Don't?"])[0].tolist() == [4, 1, 7, 6]
    assert tokenizer.decode([2, 4, 7, 6, 3, 0, 0]) == "a Don't ?"
    assert train_tokenizer(["b a c a", "c? Don't"], "words", vocab_size=6).tokens[4:] == ("a", "c")
    assert train_tokenizer(["b a c a", "c?"], "words", min_count=2).tokens[4:] == ("a", "c")


def test_lists_of_words_are_taken_as_they_are():
    corpus = [["N.V.", "<unk>", "said"], ["<pad>", "said"]]
    tokenizer = train_tokenizer(corpus, "words", lowercase=True)
    assert tokenizer.tokens[4:] == ("said", "n.v.")
    ids = tokenizer.encode([["Said", "<unk>", "<pad>", "N.V."], "said so"], eos=True)
    assert [i.tolist() for i in ids] == [[4, 1, 1, 5, 3], [4, 1, 3]]


@pytest.mark.parametrize("text", ["the cat <de> sat\n <pad> ÜÑ\U0001f600", "<de><de>the", ""])
@pytest.mark.parametrize("lowercase", [False, True])
def test_characters_are_numbered_as_the_library_numbers_them(text, lowercase):
    tokenizer = trained("characters", specials=["<de>"], lowercase=lowercase)
    library = huggingface.Tokenizer.from_str(json.dumps(tokenizer.to_dict()["tokenizer"]))
    library.encode_special_tokens = True
    expected = library.encode(text, add_special_tokens=False).ids
    assert tokenizer.encode([text])[0].tolist() == expected


def test_byte_pairs_are_merged_by_frequency():
    # "ab" eight times, then "abab" four: the first two merges, by hand.
    tokenizer = train_tokenizer(["abab"] * 4, "bpe", 3 + 256 + 2)
    assert tokenizer.tokens[-2:] == ("ab", "abab")
    assert tokenizer.encode(["abab ab"])[0].tolist()[0] == 260


def test_unigram_pieces_cut_a_known_word_into_fewer_tokens_than_characters():
    tokenizer = trained("unigram")
    assert len(tokenizer.encode(["the cat sat on the mat"])[0]) < 22
    assert tokenizer.decode(tokenizer.encode(["the cat sat on the mat"])[0]) == (
        "the cat sat on the mat"
    )
    assert tokenizer.encode(["the \U0001f600"])[0].tolist().count(tokenizer.unk_id) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_saved_tokenizer_is_the_same_and_other_programs_read_it(tokenizers, kind, tmp_path):
    tokenizer, path = tokenizers[kind], tmp_path / "tokenizer.json"
    tokenizer.save(path)
    loaded = Tokenizer.load(path)
    assert (loaded.kind, loaded.tokens, loaded.to_dict()) == (
        kind,
        tokenizer.tokens,
        tokenizer.to_dict(),
    )
    text = ["the mat <de> <pad> X"]
    np.testing.assert_array_equal(loaded.encode(text, True)[0], tokenizer.encode(text, True)[0])
    plain = huggingface.Tokenizer.from_str(json.dumps(json.loads(path.read_text())["tokenizer"]))
    ids = plain.encode("the mat <de>", add_special_tokens=False).ids
    assert ids == tokenizer.encode(["the mat <de>"])[0].tolist()


TRAIN = """
import hashlib, json, sys
from kerasdl.data import train_tokenizer
texts = [f"Wörter {n * n} wie {'xyz'[n % 3] * (n % 5)} und Jahr Q" for n in range(300)]
for kind, size in (("characters", None), ("words", None), ("bpe", 320), ("unigram", 60)):
    state = json.dumps(train_tokenizer(texts, kind, size).to_dict())
    print(kind, hashlib.sha256(state.encode()).hexdigest())
print([name for name in ("keras", "tensorflow", "jax", "torch") if name in sys.modules])
"""


def test_the_same_texts_give_the_same_file_in_any_process_and_need_no_backend():
    outputs = {
        subprocess.run(
            [sys.executable, "-c", TRAIN], capture_output=True, text=True, check=True, timeout=120
        ).stdout
        for _ in range(3)
    }
    assert len(outputs) == 1
    assert outputs.pop().splitlines()[-1] == "[]"


def test_a_missing_package_is_told_with_the_command(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError, match=r'tokenizers.*"kerasdl\[text\]"'):
        train_tokenizer(["a"], "words")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"kind": "word"}, "`kind` must be one of characters.*Did you mean 'words'"),
        ({"texts": "one text"}, r"several texts. Received one: give \['one text'\]"),
        ({"texts": []}, "at least one character"),
        ({"texts": ["", ""], "kind": "unigram", "vocab_size": 50}, "at least one character|no 'u"),
        ({"texts": ["a", "\ud800"]}, "text 1 .*lone surrogate at character 0"),
        ({"texts": ["a", 5]}, "text 1 .*a string or a list of words"),
        ({"texts": [["a"]], "kind": "bpe", "vocab_size": 300}, "lists of words are for the kind"),
        ({"kind": "bpe"}, "`vocab_size` must be given for 'bpe'"),
        ({"kind": "bpe", "vocab_size": 100}, r"`vocab_size` must be .* in \[25\d, 16777216\)"),
        ({"kind": "bpe", "vocab_size": 10**12}, r"`vocab_size` must be .* in \[25., 16777216\)"),
        ({"kind": "unigram", "vocab_size": 2**24}, "`vocab_size` must be .* in .*, 16777216"),
        ({"vocab_size": 4}, "`vocab_size` must be a whole number"),
        ({"min_count": 0}, "`min_count` must be a whole number at least 1"),
        ({"kind": "unigram", "vocab_size": 50, "min_count": 2}, "`min_count` is not for"),
        ({"specials": "<de>"}, "`specials` must be a list"),
        ({"specials": ["de"]}, "must look like '<name>'. Received: 'de'"),
        ({"specials": ["<pad>"]}, "Received twice: '<pad>'"),
        ({"specials": ["<a>", "<a>"]}, "Received twice: '<a>'"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(UserError, match=message):
        train_tokenizer(**{"texts": ["abc"], "kind": "words", **arguments})


def test_bad_texts_and_numbers_are_named(tokenizers):
    with pytest.raises(UserError, match="several texts"):
        tokenizers["bpe"].encode("one")
    with pytest.raises(UserError, match="lists of words are for the kind 'words'"):
        tokenizers["bpe"].encode([["one"]])
    for ids in ([10**6], [-1]):
        with pytest.raises(UserError, match=rf"`ids` must be in \[0, .*Received: {ids[0]}"):
            tokenizers["words"].decode(ids)
    with pytest.raises(UserError, match="one sequence of whole numbers"):
        tokenizers["words"].decode([[1, 2]])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "line 1: not JSON"),
        ("[]", "entries kind, tokenizer. Received: list"),
        ('{"kind": "bpe"}', r"Received: \['kind'\]"),
        ('{"kind": "bpe", "tokenizer": {"version": "1.0"}}', "not in the form of tokenizers"),
    ],
)
def test_a_file_that_is_no_tokenizer_is_one_message(tmp_path, content, message):
    (tmp_path / "t.json").write_text(content)
    with pytest.raises(UserError, match=message):
        Tokenizer.load(tmp_path / "t.json")


def test_a_tokenizer_of_others_without_the_special_tokens_is_refused():
    plain = huggingface.Tokenizer(huggingface.models.WordLevel({"a": 0, "[UNK]": 1}, "[UNK]"))
    state = {"kind": "words", "tokenizer": json.loads(plain.to_str())}
    with pytest.raises(UserError, match="must begin with <pad>, <unk>, <bos>, <eos>.*none"):
        Tokenizer.from_dict(state)


def test_real_captions_come_back_whole(data_folder):
    from kerasdl.data import read_lines

    path = data_folder / "multi30k" / "val.de.gz"
    if not path.exists():
        pytest.skip(f"no Multi30k in {data_folder}")
    lines = read_lines(path)
    tokenizer = train_tokenizer(lines, "bpe", 1000)
    assert tokenizer.vocab_size == 1000
    assert [tokenizer.decode(ids) for ids in tokenizer.encode(lines)] == lines


def test_pieces_of_byte_pairs_are_read_as_characters():
    tokenizer = train_tokenizer(["grün ist grün"] * 9, "bpe", vocab_size=280)
    numbers = tokenizer.encode(["grün ist"], eos=True)[0]
    pieces = tokenizer.pieces(numbers)
    assert pieces[-1] == "<eos>"
    assert "".join(pieces[:-1]) == "grün ist"
    characters = train_tokenizer(["ab"], "characters")
    assert characters.pieces([4, 3, 1]) == ["a", "<eos>", "<unk>"]

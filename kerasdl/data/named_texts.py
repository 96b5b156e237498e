"""Texts and series known by name, from the folder that `KERASDL_DATA` names."""

import re
from collections.abc import Sequence
from pathlib import Path

from kerasdl.data.files import read_bytes, read_utf8
from kerasdl.data.named import find_file, from_keras
from kerasdl.data.plans import SeriesPlan, TextPlan
from kerasdl.data.records import Data
from kerasdl.data.series import load_series, series_data
from kerasdl.data.text_files import LABELLING_PLAN
from kerasdl.data.text_readers import read_conllu, read_parallel
from kerasdl.data.text_sets import pieces, texts_data
from kerasdl.errors import UserError

_TAG = re.compile(r"<[^<>]{1,40}>")
_MONTH = 30 * 24
"""Hours of a month, as the literature counts them on this series."""


def tinyshakespeare() -> Data:
    """1,115,394 characters; the last tenth is the test split, what nanoGPT calls validation."""
    path = _path("tinyshakespeare", "input.txt")
    text = read_utf8(path)
    cut = int(0.9 * len(text))
    return texts_data(
        {"train": (pieces(text[:cut]), None), "test": (pieces(text[cut:]), None)},
        "language-modelling",
        name="tinyshakespeare",
        plan=TextPlan(tokenizer="characters", one_text=True),
        source=str(path),
    )


def ptb() -> Data:
    """The Penn Treebank by words: 929,589, 73,760 and 82,430 tokens, ends of lines included."""
    files = {"train": "train", "validation": "valid", "test": "test"}
    parts = {}
    for part, file in files.items():
        path = _path("ptb", f"ptb.{file}.txt.gz")
        parts[part] = ([line.split() for line in read_utf8(path).splitlines()], None)
    return texts_data(
        parts,
        "language-modelling",
        name="ptb",
        plan=TextPlan(tokenizer="words", context=35),
        source=str(path.parent),
    )


def multi30k_de_en() -> Data:
    """29,000 captions of photographs, from German to English."""
    return _multi30k("de", "en")


def multi30k_en_de() -> Data:
    """The same from English to German."""
    return _multi30k("en", "de")


def _multi30k(source: str, target: str) -> Data:
    files = {"train": "train", "validation": "val", "test": "test_2016_flickr"}
    parts = {}
    for part, file in files.items():
        paths = [_path("multi30k", f"{file}.{language}.gz") for language in (source, target)]
        parts[part] = read_parallel(*paths)
    return texts_data(
        parts,
        "sequence-to-sequence",
        name=f"multi30k-{source}-{target}",
        plan=TextPlan(tokenizer="bpe(vocab_size=8000, lowercase=True)"),
        source=str(paths[0].parent),
    )


def trec() -> Data:
    """5,452 questions of six kinds, and 500 to test with."""
    parts = {}
    for part, file in {"train": "TREC.train", "test": "TREC.test"}.items():
        path = _path("trec", file)
        lines = read_bytes(path).decode("latin-1").splitlines()
        rows = [line.partition(" ") for line in lines if line.strip()]
        kinds = [label.partition(":")[0] for label, _, _ in rows]
        parts[part] = ([question for _, _, question in rows], kinds)
    return texts_data(parts, "text-classification", name="trec", source=str(path.parent))


def imdb() -> Data:
    """50,000 film reviews, positive or negative; of each the last 256 words."""
    train, test = (find_file("imdb", f"imdb_{part}.tsv.xz") for part in ("train", "test"))
    if train is not None and test is not None:
        parts, source = {"train": _reviews(train), "test": _reviews(test)}, str(train.parent)
    else:
        parts, source = _imdb_from_keras(), "keras.datasets.imdb"
    plan = TextPlan(tokenizer="words(vocab_size=20000, lowercase=True)", context=256, keep="last")
    return texts_data(parts, "text-classification", name="imdb", plan=plan, source=source)


def ud_english() -> Data:
    """English sentences with the part of speech of each word: 12,544, and 2,001 to test with."""
    parts = {}
    for part, file in {"train": "train", "test": "dev"}.items():
        path = _path("ud_english_ewt", f"en_ewt-ud-{file}.conllu.gz")
        parts[part] = tuple(read_conllu(path, "form", "upos"))
    return texts_data(
        parts,
        "sequence-labelling",
        name="ud-english",
        plan=LABELLING_PLAN,
        source=str(path.parent),
        license="CC BY-SA 4.0",
    )


def etth1() -> Data:
    """A transformer's oil temperature and six loads, hourly: 12, 4 and 4 months of two years."""
    path = _path("etth1", "ETTh1.csv")
    rows = load_series(path)
    bounds = {"train": (0, 12), "validation": (12, 16), "test": (16, 20)}
    return series_data(
        {
            part: rows.train.x[first * _MONTH : last * _MONTH]
            for part, (first, last) in bounds.items()
        },
        rows.target_names,
        name="etth1",
        plan=SeriesPlan(context=336, horizon=96),
        source=str(path),
        license="CC BY-ND 4.0",
    )


def _path(folder: str, file: str) -> Path:
    found = find_file(folder, file)
    if found is None:
        raise UserError(
            f"`{folder}` is not here: put {file} into $KERASDL_DATA/{folder}/ (KERASDL_DATA must "
            "name a folder)."
        )
    return found


def _reviews(path: Path) -> tuple[list[str], list[str]]:
    texts, classes = [], []
    for number, line in enumerate(read_utf8(path).rstrip("\n").split("\n"), 1):
        fields = line.split("\t", 3)
        if len(fields) != 4 or fields[0] not in {"0", "1"}:
            raise UserError(
                f"{path}, line {number}: expected label (0 or 1), rating, id and text, parted by "
                f"tabs. Received: {line[:60]!r}."
            )
        texts.append(_TAG.sub(" ", fields[3]))
        classes.append("positive" if fields[0] == "1" else "negative")
    return texts, classes


def _imdb_from_keras() -> dict[str, tuple[list[Sequence[str]], list[str]]]:
    files = "imdb_train.tsv.xz and imdb_test.tsv.xz (lines of label, rating, id, text)"
    import keras

    def read() -> object:
        ranks = keras.datasets.imdb.get_word_index()
        return ranks, keras.datasets.imdb.load_data(start_char=None, oov_char=0, index_from=0)

    ranks, arrays = from_keras("imdb", files, read)
    words = {rank: word for word, rank in ranks.items()}
    return {
        part: (
            [[words[rank] for rank in text if rank in words] for text in texts],
            ["positive" if label else "negative" for label in labels],
        )
        for part, (texts, labels) in zip(("train", "test"), arrays, strict=True)
    }

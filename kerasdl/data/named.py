"""Well-known data sets by name: from `KERASDL_DATA`, else through Keras's own downloads."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from kerasdl.data.array_data import array_data
from kerasdl.data.arrays import read_npz
from kerasdl.data.checks import check_data
from kerasdl.data.files import read_utf8
from kerasdl.data.idx import idx_pairs, is_idx_name
from kerasdl.data.inputs import Inputs
from kerasdl.data.npz_names import sorted_arrays
from kerasdl.data.records import Data, Samples
from kerasdl.data.text import frequent_words, word_numbers, words
from kerasdl.errors import UserError

IMDB_WORDS, IMDB_CONTEXT = 20_000, 256

_FASHION = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
    "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip
_CIFAR10 = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip
_IDX_FILES = "train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz, t10k-images-idx3-ubyte.gz, t10k-labels-idx1-ubyte.gz"  # noqa: E501


def mnist() -> Data:
    """70,000 handwritten digits, 28x28 grey."""
    return _images("mnist", tuple(map(str, range(10))), _IDX_FILES)


def fashion_mnist() -> Data:
    """70,000 pictures of clothes, 28x28 grey."""
    return _images("fashion-mnist", _FASHION, _IDX_FILES, license="MIT")


def cifar10() -> Data:
    """60,000 photographs of ten kinds of things, 32x32 colour."""
    return _images("cifar10", _CIFAR10, "cifar10.npz (x_train, y_train, x_test, y_test)")


def cifar100() -> Data:
    """60,000 photographs of a hundred kinds of things, 32x32 colour."""
    return _images("cifar100", None, "cifar100.npz (x_train, y_train, x_test, y_test)")


def imdb() -> Data:
    """50,000 film reviews, the last 256 words of each; positive or negative."""
    train, test = (_find("imdb", f"imdb_{part}.tsv.xz") for part in ("train", "test"))
    if train is not None and test is not None:
        return _imdb_from_texts(train, test)
    return _imdb_from_keras()


def data_folder() -> Path | None:
    """The folder that `KERASDL_DATA` names, or `None` if it is not set.

    Raises:
        UserError: If it names something that is no folder.
    """
    setting = os.environ.get("KERASDL_DATA", "")
    if not setting:
        return None
    folder = Path(setting).expanduser()
    if not folder.is_dir():
        raise UserError(f"`KERASDL_DATA` must name a folder. Received: KERASDL_DATA={setting}")
    return folder


def _places(name: str) -> list[Path]:
    folder = data_folder()
    if folder is None:
        return []
    variants = dict.fromkeys((name, name.replace("-", "_")))
    return [folder / variant for variant in variants] + [folder]


def _find(name: str, file: str) -> Path | None:
    """A file in the data folder, or in the data set's own folder there."""
    return next((place / file for place in _places(name) if (place / file).is_file()), None)


def _images(name: str, classes: tuple[str, ...] | None, files: str, license: str = "") -> Data:
    """Images from IDX files or an archive in the data folder, else downloaded."""
    folder = next((place for place in _places(name)[:-1] if _has_idx(place)), None)
    archive = _find(name, f"{name}.npz") or _find(name, f"{name.replace('-', '_')}.npz")
    if folder is not None:
        parts, source = idx_pairs(folder), str(folder)
    elif archive is not None:
        parts, source = sorted_arrays(read_npz(archive), archive).pairs(), str(archive)
    else:
        parts, source = _download(name, files), f"keras.datasets.{name.replace('-', '_')}"
    parts = {part: (x, y.reshape(len(y), -1)[:, 0]) for part, (x, y) in parts.items()}
    return array_data(
        parts,
        name=name,
        source=source,
        task="image-classification",
        classes=classes,
        value_range=(0.0, 255.0),
        license=license,
    )


def _has_idx(folder: Path) -> bool:
    return folder.is_dir() and any(is_idx_name(path) for path in folder.iterdir())


def _download(name: str, files: str) -> dict[str, Any]:
    import keras

    module = getattr(keras.datasets, name.replace("-", "_"))
    train, test = _from_keras(name, files, module.load_data)
    return {"train": train, "test": test}


def _from_keras(name: str, files: str, read: Callable[[], Any]) -> Any:
    """What Keras's reader returns; any failure is told with the files to put where."""
    try:
        return read()
    except Exception as error:  # Keras raises plain Exception where a download fails
        raise UserError(
            f"`{name}` is not in the folder KERASDL_DATA and could not be downloaded "
            f"({error}). Without a network: put {files} into $KERASDL_DATA/{name}/ "
            f"(KERASDL_DATA={os.environ.get('KERASDL_DATA') or 'not set'})."
        ) from None


def _imdb_from_texts(train: Path, test: Path) -> Data:
    reviews = {"train": _reviews(train), "test": _reviews(test)}
    vocabulary = frequent_words((text for text, _ in reviews["train"]), IMDB_WORDS - 2)
    samples = {
        part: Samples(
            word_numbers([text for text, _ in rows], vocabulary, IMDB_CONTEXT),
            np.array([label for _, label in rows], np.int32),
        )
        for part, rows in reviews.items()
    }
    return _imdb(samples, vocabulary, str(train.parent))


def _reviews(path: Path) -> list[tuple[list[str], int]]:
    rows = []
    for number, line in enumerate(read_utf8(path).rstrip("\n").split("\n"), 1):
        fields = line.split("\t", 3)
        if len(fields) != 4 or fields[0] not in {"0", "1"}:
            raise UserError(
                f"{path}, line {number}: expected label (0 or 1), rating, id and text, parted by "
                f"tabs. Received: {line[:60]!r}."
            )
        rows.append((words(fields[3]), int(fields[0])))
    return rows


def _imdb_from_keras() -> Data:
    import keras

    files = "imdb_train.tsv.xz and imdb_test.tsv.xz (lines of label, rating, id, text)"

    def read() -> Any:
        ranks = keras.datasets.imdb.get_word_index()
        arrays = keras.datasets.imdb.load_data(
            num_words=IMDB_WORDS, start_char=None, oov_char=1, index_from=1
        )
        return ranks, arrays

    ranks, arrays = _from_keras("imdb", files, read)
    vocabulary = tuple(sorted(ranks, key=ranks.__getitem__)[: IMDB_WORDS - 2])
    samples = {
        part: Samples(_padded(texts), np.asarray(labels, np.int32))
        for part, (texts, labels) in zip(("train", "test"), arrays, strict=True)
    }
    return _imdb(samples, vocabulary, "keras.datasets.imdb")


def _padded(texts: Any) -> np.ndarray:
    rows = np.zeros((len(texts), IMDB_CONTEXT), np.int32)
    for row, text in zip(rows, texts, strict=True):
        kept = text[-IMDB_CONTEXT:]
        row[: len(kept)] = kept
    return rows


def _imdb(samples: dict[str, Samples], vocabulary: tuple[str, ...], source: str) -> Data:
    return check_data(
        Data(
            name="imdb",
            task="text-classification",
            **samples,
            inputs=Inputs(
                kind="tokens", shape=(IMDB_CONTEXT,), dtype="int32", vocabulary=vocabulary
            ),
            outputs=2,
            classes=("negative", "positive"),
            source=source,
        )
    )

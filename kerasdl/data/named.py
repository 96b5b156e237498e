"""Well-known data sets by name: from `KERASDL_DATA`, else through Keras's own downloads."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kerasdl.data.array_data import array_data
from kerasdl.data.arrays import read_npz
from kerasdl.data.idx import idx_pairs, is_idx_name
from kerasdl.data.npz_names import sorted_arrays
from kerasdl.data.records import Data
from kerasdl.errors import UserError

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


def find_file(name: str, file: str) -> Path | None:
    """A file in the data folder, or in the data set's own folder there."""
    return next((place / file for place in _places(name) if (place / file).is_file()), None)


def _images(name: str, classes: tuple[str, ...] | None, files: str, license: str = "") -> Data:
    """Images from IDX files or an archive in the data folder, else downloaded."""
    folder = next((place for place in _places(name)[:-1] if _has_idx(place)), None)
    archive = find_file(name, f"{name}.npz") or find_file(name, f"{name.replace('-', '_')}.npz")
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
    train, test = from_keras(name, files, module.load_data)
    return {"train": train, "test": test}


def from_keras(name: str, files: str, read: Callable[[], Any]) -> Any:
    """What Keras's reader returns; any failure is told with the files to put where."""
    try:
        return read()
    except Exception as error:  # Keras raises plain Exception where a download fails
        raise UserError(
            f"`{name}` is not in the folder KERASDL_DATA and could not be downloaded "
            f"({error}). Without a network: put {files} into $KERASDL_DATA/{name}/ "
            f"(KERASDL_DATA={os.environ.get('KERASDL_DATA') or 'not set'})."
        ) from None

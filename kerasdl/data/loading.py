"""The door to data: a name or a path."""

import importlib
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerasdl.data.array_data import array_data, unlabelled_data
from kerasdl.data.arrays import read_npy, read_npz
from kerasdl.data.checks import check_data
from kerasdl.data.files import bare_name, bare_suffix, existing, readable
from kerasdl.data.idx import idx_pairs, is_idx_name
from kerasdl.data.images import image_files, load_image_folder, stack_images
from kerasdl.data.npz_names import sorted_arrays
from kerasdl.data.records import AUTOENCODING, Data
from kerasdl.data.resize import resized
from kerasdl.data.sample_order import whole
from kerasdl.data.series import load_series
from kerasdl.data.table import load_table
from kerasdl.data.text_files import TEXT_SUFFIXES, is_text, load_text_file
from kerasdl.errors import UserError

if TYPE_CHECKING:
    import numpy as np

_TABLES, _ARRAYS = (".csv", ".tsv"), (".npz", ".npy")
_SUFFIXES = (*_TABLES, *TEXT_SUFFIXES, *_ARRAYS)


def load(
    source: str | Path,
    *,
    task: str | None = None,
    target: str | Sequence[str] | None = None,
    image_size: tuple[int, int] | None = None,
) -> Data:
    """Data by name or from a file or folder; `split` makes what it lacks of the three parts.

    - A name: `digits`, `fashion-mnist`, or `my-distribution:name` where two plugins have it.
    - A folder of IDX files (the MNIST family), or of images: one folder per class, or `train/`,
      `validation/`, `test/` of such.
    - `.csv`, `.tsv` (`.gz`, `.xz`): a table, with `target`.
    - `.npz`: arrays `x`, `y`, or `x_train`, `y_train`, `x_test`, `y_test`. `.npy`: inputs, with
      `target` the path of the `.npy` with the targets.
    - `.csv` with `task="forecasting"`: rows in order of time; `target` the columns to forecast.
    - `.txt` (`.gz`, `.xz`): a text, whose next token is predicted; with `target` the path of its
      translation, line by line. `.conllu`: annotated sentences. A `.csv` or `.tsv` with a task of
      texts: see `load_text_file`.

    Texts and series come as they are; `prepare` makes numbers of them, once they are split.

    A name goes before a folder of the same name; write `./digits` for the folder.

    Args:
        source: The name or path.
        task: The task, where the source allows several; guessed from the targets without it.
            `autoencoding` for any images or arrays, which then need no targets; where there are
            some, they are kept for pictures.
        target: Name of a table's column to predict, or names; path of the targets of a `.npy`.
        image_size: Height and width that images are resized to.

    Raises:
        UserError: On an unknown name, a missing or damaged file, or data that no network can be
            trained on (NaN, labels outside the classes, unequal lengths, a single class).
    """
    if not isinstance(source, str | Path) or not str(source):
        raise UserError(f"`source` must be a name or a path. Received: source={source!r}")
    _check_image_size(image_size)
    lines = task == AUTOENCODING and bare_suffix(Path(source)) in TEXT_SUFFIXES
    own_task = None if task == AUTOENCODING and not lines else task
    record = _record(source)
    if record is not None:
        data = _load_named(record, own_task, target)
    else:
        with readable(source):
            path = existing(source)
            bare = task == AUTOENCODING and target is None and not lines
            alone = _without_targets(path, image_size) if bare else None
            data = alone or _load_path(path, own_task, target, image_size)
    if image_size is not None:
        data = _resized(data, image_size)
    return _as_autoencoding(data) if task == AUTOENCODING and not lines else data


def _load_path(
    path: Path,
    task: str | None,
    target: str | Sequence[str] | None,
    image_size: tuple[int, int] | None,
) -> Data:
    if path.is_dir():
        return _load_folder(path, task, target, image_size)
    if is_text(path, task, target):
        return load_text_file(path, task, target)
    suffix = bare_suffix(path)
    if suffix in _TABLES and task == "forecasting":
        return load_series(path, target)
    if suffix in _TABLES:
        return load_table(path, target=target, task=task)
    if suffix in _ARRAYS:
        return _load_arrays(path, task, target)
    if is_idx_name(path):
        raise UserError(f"{path}: give the folder that holds images and labels: {path.parent}")
    raise UserError(
        f"{path}: data is read from {', '.join(_SUFFIXES)} files, and from folders of IDX files or "
        f"images. Received: {path.suffix or 'a file without an ending'}."
    )


def _record(source: str | Path) -> Any:
    """The dataset record of a name; `None` for what is a path."""
    text = os.fspath(source)
    looks_like_path = (
        isinstance(source, Path)
        or "/" in text
        or os.sep in text
        or text.startswith((".", "~"))
        or bare_suffix(Path(text)) in _SUFFIXES
        or is_idx_name(Path(text))
    )
    if looks_like_path:
        return None
    from kerasdl.plugin import host

    try:
        return host().dataset(text)
    except UserError:
        if os.path.exists(text):  # False, too, for what can be no path
            return None
        raise


def _load_named(
    record: Any,
    task: str | None,
    target: str | Sequence[str] | None,
) -> Data:
    if target is not None:
        raise _does_not_apply("target", f"dataset `{record.name}`", "files of your own")
    data = _loader(record)()
    if not isinstance(data, Data):
        raise UserError(
            f"the loader {record.loader} of dataset `{record.name}` must return a "
            f"kerasdl.data.Data. Received: {type(data).__name__}"
        )
    if task not in (None, data.task):
        raise UserError(
            f"dataset `{record.name}` is for the task {data.task}. Received: task={task!r}"
        )
    return check_data(data)


def _loader(record: Any) -> Callable[[], Any]:
    module, _, function = record.loader.partition(":")
    try:
        return getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError) as error:
        raise UserError(
            f"dataset `{record.name}`: its loader {record.loader} cannot be imported ({error}). "
            "The plugin is broken or lacks a package."
        ) from error


def _load_folder(
    path: Path,
    task: str | None,
    target: str | Sequence[str] | None,
    image_size: tuple[int, int] | None,
) -> Data:
    if target is not None:
        raise _does_not_apply("target", path, "tables and .npy files")
    entries = [entry for entry in path.iterdir() if not entry.name.startswith(".")]
    if not entries:
        raise UserError(
            f"{path}: the folder is empty. It must hold IDX files, or one folder of PNG or JPEG "
            "images per class."
        )
    if any(is_idx_name(entry) for entry in entries):
        name = path.resolve().name
        return array_data(
            idx_pairs(path), name=name, source=str(path), task=task or "image-classification"
        )
    if task not in (None, "image-classification"):
        raise UserError(
            f"{path}: a folder of images is for the task image-classification. "
            f"Received: task={task!r}"
        )
    return load_image_folder(path, image_size)


def _load_arrays(path: Path, task: str | None, target: str | Sequence[str] | None) -> Data:
    if path.suffix.lower() == ".npz":
        if target is not None:
            raise _does_not_apply("target", path, "tables and .npy files")
        arrays = sorted_arrays(read_npz(path), path)
        parts, classes = arrays.pairs(), arrays.classes
    else:
        if not isinstance(target, str | Path):
            raise UserError(
                f"{path}: a .npy file holds inputs only; `target` must be the path of the .npy "
                f"with the targets. Received: target={target!r}. Or save both: "
                "np.savez(file, x=x, y=y)."
            )
        parts, classes = {"train": (read_npy(path), read_npy(target))}, None
    return array_data(parts, name=bare_name(path), source=str(path), task=task, classes=classes)


def _resized(data: Data, size: tuple[int, int]) -> Data:
    if data.inputs.kind != "images":
        raise _does_not_apply("image_size", data.source or data.name, "images")
    parts = {
        name: replace(samples, x=resized(samples.x, size)) for name, samples in data.parts.items()
    }
    inputs = replace(data.inputs, shape=(*size, data.inputs.shape[2]), resize=True)
    return data.replace(**parts, inputs=inputs)


def _without_targets(path: Path, image_size: tuple[int, int] | None) -> Data | None:
    """Inputs of a source that has no targets; None for one that has, or that is no such source."""
    parts: dict[str, np.ndarray] = {}
    if path.is_dir() and not any(entry.is_dir() for entry in path.iterdir()):
        files = image_files(path)
        parts = {"train": stack_images(files, None, image_size)} if files else {}
    elif path.suffix.lower() == ".npy":
        parts = {"train": read_npy(path)}
    elif path.suffix.lower() == ".npz":
        arrays = sorted_arrays(read_npz(path), path)
        parts = arrays.x if arrays.x and not arrays.y else {}
    if "train" not in parts:
        return None
    return unlabelled_data(parts, name=bare_name(path), source=str(path))


def _as_autoencoding(data: Data) -> Data:
    if data.inputs.kind not in ("images", "arrays"):
        raise UserError(
            f"{data.source or data.name}: the task {AUTOENCODING} is for images and arrays. "
            f"Received: {data.inputs.kind}"
        )
    return data.replace(task=AUTOENCODING)


def _check_image_size(image_size: tuple[int, int] | None) -> None:
    if image_size is None:
        return
    if len(image_size) != 2:
        raise UserError(
            f"`image_size` must be (height, width). Received: image_size={image_size!r}"
        )
    for size in image_size:
        whole("image_size", size, 2**15, start=1)


def _does_not_apply(name: str, source: object, use: str) -> UserError:
    return UserError(f"`{name}` does not apply to {source}: it is for {use}. Leave it out.")

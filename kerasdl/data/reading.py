"""Reading the raw inputs of a trained model from files: what `Inputs.read` does, by kind."""

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from kerasdl.data import images
from kerasdl.data.arrays import read_npy, read_npz
from kerasdl.data.checks import check_finite
from kerasdl.data.csv_frame import read_frame
from kerasdl.data.data_warning import DataWarning
from kerasdl.data.files import bare_suffix, existing, read_utf8, readable
from kerasdl.data.idx import is_idx_name, read_idx
from kerasdl.data.inputs import Inputs
from kerasdl.data.npz_names import sorted_arrays
from kerasdl.data.table_columns import table_matrix
from kerasdl.data.tokenizers import split_words
from kerasdl.data.tokenizing import word_rows
from kerasdl.errors import UserError

Read = tuple[np.ndarray, list[str]]
_TEXT_KINDS = ("tokens", "words")
_TEXT_FILES = (".txt", ".tsv", ".csv")


def read_inputs(inputs: Inputs, paths: Sequence[str | Path]) -> Read:
    """See `Inputs.read`."""
    if isinstance(paths, str | Path):
        paths = [paths]
    if not paths:
        raise UserError("at least one input file is needed. Received: none.")
    if inputs.kind in _TEXT_KINDS:
        return _text_inputs(inputs, paths)
    reader = {
        "images": _image_inputs,
        "table": _table_inputs,
        "arrays": _array_inputs,
        "series": _series_inputs,
    }[inputs.kind]
    arrays, names = [], []
    for path in paths:
        with readable(path):
            array, found = reader(inputs, existing(path))
        check_finite(array, str(path), missing=inputs.kind == "table")
        arrays.append(array)
        names += found
    return np.concatenate(arrays), names


def _image_inputs(inputs: Inputs, path: Path) -> Read:
    if path.is_dir():
        files = images.image_files(path)
        if not files:
            raise UserError(f"{path}: the folder must hold PNG or JPEG images. Received: none.")
        parts = [_one_image(inputs, file) for file in files]
        return np.stack(parts), [str(file) for file in files]
    if path.suffix.lower() in images.SUFFIXES:
        return _one_image(inputs, path)[np.newaxis], [str(path)]
    if is_idx_name(path) or path.suffix.lower() in {".npy", ".npz"}:
        return _array_inputs(inputs, path)
    raise UserError(
        f"{path}: images are read from PNG, JPEG, .npy, .npz, IDX files and folders. "
        f"Received: {path.suffix or path.name!r}."
    )


def _one_image(inputs: Inputs, path: Path) -> np.ndarray:
    """An image file in the shape, the dtype and the range of values of the training images."""
    height, width, channels = inputs.shape
    if channels not in (1, 3) or inputs.value_range is None:
        raise UserError(
            f"{path}: these inputs of shape {inputs.shape} have no image-file form "
            "(1 or 3 channels in a known range). Give them as .npy or .npz."
        )
    pixels = images.read_image(path, channels, (height, width) if inputs.resize else None)
    if pixels.shape[:2] != (height, width):
        raise UserError(
            f"{path}: expected an image of (height={height}, width={width}). "
            f"Received: (height={pixels.shape[0]}, width={pixels.shape[1]}). Resize it."
        )
    low, high = inputs.value_range
    if (low, high) == (0, 255):
        return pixels.astype(inputs.dtype)
    values = low + pixels.astype(np.float64) * (high - low) / 255
    whole = np.issubdtype(np.dtype(inputs.dtype), np.integer)
    return (np.rint(values) if whole else values).astype(inputs.dtype)


def _array_inputs(inputs: Inputs, path: Path) -> Read:
    array = _any_array(path)
    if array.dtype.kind not in "iufb":
        raise UserError(f"{path}: inputs must be numbers. Received: dtype {array.dtype}.")
    if array.shape[1:] != inputs.shape:
        array = _reshaped(array, inputs.shape, path)
    if np.dtype(inputs.dtype).kind in "iu":
        _refuse_lossy(array, inputs, path)
    with np.errstate(over="ignore"):  # what the dtype cannot hold becomes infinite and is refused
        array = array.astype(inputs.dtype)
    return array, [f"{path}[{number}]" for number in range(len(array))]


def _any_array(path: Path) -> np.ndarray:
    suffix = path.suffix.lower()
    if suffix == ".npy":
        return read_npy(path)
    if suffix == ".npz":
        return sorted_arrays(read_npz(path), path).inputs_only()
    if is_idx_name(path):
        return read_idx(path)
    raise UserError(
        f"{path}: arrays are read from .npy, .npz and IDX files. Received: "
        f"{path.suffix or path.name!r}."
    )


def _reshaped(array: np.ndarray, shape: tuple[int, ...], path: Path) -> np.ndarray:
    """A single sample gets its batch axis, images of one channel their channel axis."""
    for candidate in (
        array[np.newaxis],
        array[..., np.newaxis],
        array[np.newaxis, ..., np.newaxis],
    ):
        if candidate.shape[1:] == shape:
            return candidate
    raise UserError(
        f"{path}: expected inputs of shape (samples, {', '.join(map(str, shape))}). "
        f"Received: {array.shape}."
    )


def _refuse_lossy(array: np.ndarray, inputs: Inputs, path: Path) -> None:
    limits = np.iinfo(inputs.dtype)
    least, most = inputs.value_range or (limits.min, limits.max)
    if array.size == 0:
        return
    low, high = array.min(), array.max()
    if not (least <= low and high <= most) or (array != np.floor(array)).any():
        raise UserError(
            f"{path}: values must be whole numbers from {least:g} to {most:g}, as in training. "
            f"Received: values from {low} to {high}."
        )


def _table_inputs(inputs: Inputs, path: Path) -> Read:
    if path.suffix.lower() in {".npy", ".npz"}:
        return _array_inputs(inputs, path)
    _refuse_folder(path, "a table is read from a CSV file")
    matrix = table_matrix(read_frame(path), inputs, str(path))
    return matrix, [f"{path}:{row + 1}" for row in range(len(matrix))]


def _series_inputs(inputs: Inputs, path: Path) -> Read:
    """The last rows of a table, from which the next are forecast."""
    if path.suffix.lower() in {".npy", ".npz"}:
        return _array_inputs(inputs, path)
    _refuse_folder(path, "a series is read from a CSV file")
    matrix = table_matrix(read_frame(path), inputs, str(path))
    context = inputs.shape[0]
    if len(matrix) < context:
        raise UserError(
            f"{path}: a forecast needs at least {context} rows to look back on. "
            f"Received: {len(matrix)}."
        )
    return matrix[np.newaxis, -context:], [f"{path}:{len(matrix) + 1}"]


def _text_inputs(inputs: Inputs, sources: Sequence[str | Path]) -> Read:
    """Texts of files, one a line, and texts given as they are; a text is its own name."""
    texts: list[str] = []
    for source in sources:
        texts += _lines(source) if _is_file(source) else [str(source)]
    if not all(text.strip() for text in texts):
        raise UserError("a text must have at least one word. Received: an empty one.")
    if inputs.kind == "words":
        return word_rows(inputs, [split_words(text) for text in texts]), texts
    return inputs.text.rows(texts), texts


def _is_file(source: str | Path) -> bool:
    """Whether it is there, or is written as a path; else it is a text."""
    try:
        if Path(source).expanduser().exists():
            return True
    except (OSError, ValueError):
        return False  # too long, or with characters that no path has
    text = str(source)
    return " " not in text and bare_suffix(Path(text)) in _TEXT_FILES


def _lines(source: str | Path) -> list[str]:
    path = existing(source)
    _refuse_folder(path, "texts are read from a text file, one a line")
    with readable(path):
        found = read_utf8(path).removesuffix("\n").split("\n")
    lines = [line for line in found if line.strip()]
    if not lines:
        raise UserError(f"{path}: the text must have at least one line that is not empty.")
    if len(lines) < len(found):
        warnings.warn(
            f"{path}: {len(found) - len(lines)} of {len(found)} lines are empty and left out.",
            DataWarning,
            stacklevel=2,
        )
    return [line.removesuffix("\r") for line in lines]


def _refuse_folder(path: Path, rule: str) -> None:
    if path.is_dir():
        raise UserError(f"{path}: {rule}. Received: a folder.")

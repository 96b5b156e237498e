"""A data record from arrays in memory, as NumPy archives and IDX files give them."""

from collections.abc import Mapping, Sequence

import numpy as np

from kerasdl.data.checks import check_data, check_finite, check_same_length
from kerasdl.data.inputs import Inputs
from kerasdl.data.records import AUTOENCODING, Data, Samples
from kerasdl.data.targets import (
    CLASSIFICATION,
    MULTI_LABEL,
    REGRESSION,
    Targets,
    class_targets,
    guess_task,
    value_targets,
)
from kerasdl.errors import UserError

IMAGES = "image-classification"
ARRAY_TASKS = (IMAGES, CLASSIFICATION, REGRESSION, MULTI_LABEL)
_PLAIN_RANGES = ((0.0, 1.0), (-1.0, 1.0), (0.0, 255.0))

Pair = tuple[np.ndarray, np.ndarray]


def array_data(
    parts: Mapping[str, Pair],
    *,
    name: str,
    source: str,
    task: str | None = None,
    classes: Sequence[str] | None = None,
    value_range: tuple[float, float] | None = None,
    license: str = "",
) -> Data:
    """Arrays as a data record: images or feature vectors, with classes, labels or values.

    Images are `(N, H, W, C)` with 1, 3 or 4 channels, or `(N, H, W)` of bytes (or of anything, if
    `task` says so). Bytes stay bytes; other numbers become float32.

    Args:
        parts: `(x, y)` by `train`, `validation`, `test`; `train` at least.
        name: Name of the data.
        source: What messages call it.
        task: One of `ARRAY_TASKS`; without it, `guess_task` of the training targets.
        classes: Names of the classes, if known.
        value_range: Smallest and largest value of a pixel, if known.
        license: As the source states it.

    Raises:
        UserError: On arrays that do not fit together, or values that the task does not allow.
    """
    if task is not None and task not in ARRAY_TASKS:
        raise UserError(
            f"`task` of {source} must be one of {', '.join(ARRAY_TASKS)}. Received: task={task!r}"
        )
    for part, (x, y) in parts.items():
        check_same_length(x, y, f"{source} ({part})")
        check_finite(y, f"{source} ({part}), targets")
    x_parts = {part: _as_inputs(x, task, f"{source} ({part})") for part, (x, _) in parts.items()}
    inputs = _inputs(x_parts["train"], task, value_range)
    is_image = inputs.kind == "images"
    guessed = task or guess_task(parts["train"][1])
    if is_image and task is None and guessed in (CLASSIFICATION, REGRESSION):
        whole_labels = parts["train"][1].dtype.kind in "iu" or guessed == CLASSIFICATION
        guessed = IMAGES if whole_labels else REGRESSION
    targets = _all_targets({part: y for part, (_, y) in parts.items()}, guessed, classes, source)
    first = targets["train"]
    labels = guessed == MULTI_LABEL
    names = tuple(classes) if labels and classes else tuple(map(str, range(first.outputs)))
    samples = {part: Samples(x, targets[part].y) for part, x in x_parts.items()}
    return check_data(
        Data(
            name=name,
            task=guessed,
            **samples,
            inputs=inputs,
            outputs=first.outputs,
            classes=first.classes,
            target_names=names if guessed in (MULTI_LABEL, REGRESSION) else (),
            source=source,
            license=license,
        )
    )


def unlabelled_data(parts: Mapping[str, np.ndarray], *, name: str, source: str) -> Data:
    """Inputs without targets as a data record, for autoencoding.

    Args:
        parts: Inputs by `train`, `validation`, `test`, in the forms of `array_data`.
        name: Name of the data.
        source: What messages call it.

    Raises:
        UserError: On arrays that do not fit together, or are no inputs.
    """
    samples = {
        part: Samples(_as_inputs(x, None, f"{source} ({part})")) for part, x in parts.items()
    }
    inputs = _inputs(samples["train"].x, None, None)
    return check_data(
        Data(name=name, task=AUTOENCODING, **samples, inputs=inputs, outputs=1, source=source)
    )


def _inputs(x: np.ndarray, task: str | None, value_range: tuple[float, float] | None) -> Inputs:
    is_image = _is_image(x, task)
    return Inputs(
        kind="images" if is_image else "arrays",
        shape=x.shape[1:],
        dtype=x.dtype.name,
        value_range=(value_range or _range_of(x)) if is_image else None,
    )


def _all_targets(
    arrays: Mapping[str, np.ndarray], task: str, classes: Sequence[str] | None, source: str
) -> dict[str, Targets]:
    if task in (REGRESSION, MULTI_LABEL):
        return {part: value_targets(y, f"{source} ({part})") for part, y in arrays.items()}
    first = class_targets(arrays["train"], f"{source} (train)", classes)
    return {
        part: first
        if part == "train"
        else class_targets(y, f"{source} ({part}), labels", first.classes)
        for part, y in arrays.items()
    }


def _as_inputs(x: np.ndarray, task: str | None, where: str) -> np.ndarray:
    """Numbers with at least two axes; images with their channel axis."""
    if x.dtype.kind not in "iufb":
        raise UserError(f"{where}: inputs must be numbers. Received: dtype {x.dtype}.")
    if x.ndim < 2:
        raise UserError(
            f"{where}: inputs must have an axis of samples and at least one more. "
            f"Received: shape {x.shape}."
        )
    if x.ndim == 4 and x.shape[1] in (1, 3) and x.shape[3] not in (1, 3, 4):
        raise UserError(
            f"{where}: images must have their channels last, (samples, height, width, channels). "
            f"Received: shape {x.shape}. Use x.transpose(0, 2, 3, 1)."
        )
    if x.ndim == 3 and (x.dtype == np.uint8 or task == IMAGES):
        x = x[..., np.newaxis]
    if task == IMAGES and x.ndim != 4:
        raise UserError(
            f"{where}: `task={IMAGES!r}` needs inputs of shape (samples, height, width) or "
            f"(samples, height, width, channels). Received: {x.shape}."
        )
    if _is_image(x, task) and x.dtype == np.uint8:
        return x
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite and is refused
        return x.astype(np.float32, copy=False)


def _is_image(x: np.ndarray, task: str | None) -> bool:
    return x.ndim == 4 and (task == IMAGES or x.shape[3] in (1, 3, 4))


def _range_of(x: np.ndarray) -> tuple[float, float] | None:
    """The plain range that pixels lie in, where there is one."""
    if x.dtype == np.uint8:
        return (0.0, 255.0)
    if x.size == 0:
        return None
    low, high = float(x.min()), float(x.max())
    return next((r for r in _PLAIN_RANGES if r[0] <= low and high <= r[1]), None)

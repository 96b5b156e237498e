"""Which array of an archive is what: inputs or targets, of training, validation or test."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from kerasdl.errors import UserError

_KINDS = {
    **dict.fromkeys(("x", "input", "inputs", "image", "images", "data"), "x"),
    **dict.fromkeys(("y", "target", "targets", "label", "labels"), "y"),
    **dict.fromkeys(("classes", "names"), "classes"),
}
_PARTS = {
    "train": "train",
    "test": "test",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
}


@dataclass(slots=True)
class SortedArrays:
    """Arrays of an archive by their meaning."""

    path: Path
    x: dict[str, np.ndarray] = field(default_factory=dict)
    y: dict[str, np.ndarray] = field(default_factory=dict)
    classes: tuple[str, ...] | None = None
    others: dict[str, np.ndarray] = field(default_factory=dict)

    def pairs(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Inputs and targets by part.

        Raises:
            UserError: If a part lacks one of the two, or there is no training part.
        """
        for part in {*self.x, *self.y}:
            if part not in self.x or part not in self.y:
                have, lack = ("x", "y") if part in self.x else ("y", "x")
                raise UserError(
                    f"{self.path}: the {part} samples need both x and y. Received: {have} alone; "
                    f"there is no array {lack} or {lack}_{part}. {self._found()}"
                )
        if "train" not in self.x:
            raise UserError(
                f"{self.path}: an archive must hold x and y, or x_train and y_train (with x_test "
                f"and y_test, if there are such). {self._found()}"
            )
        return {part: (x, self.y[part]) for part, x in self.x.items()}

    def inputs_only(self) -> np.ndarray:
        """The array to predict from: `x`, else the only one there is.

        Raises:
            UserError: If there are several and none is named `x`.
        """
        if "train" in self.x and len(self.x) == 1:
            return self.x["train"]
        if not self.x and len(self.others) == 1:
            return next(iter(self.others.values()))
        raise UserError(f"{self.path}: the array to predict from must be named x. {self._found()}")

    def _found(self) -> str:
        names = [
            *(f"x ({part})" for part in self.x),
            *(f"y ({part})" for part in self.y),
            *self.others,
        ]
        return f"Received: {', '.join(names) or 'no array of a known name'}."


def sorted_arrays(arrays: Mapping[str, np.ndarray], path: Path) -> SortedArrays:
    """Arrays sorted by their names: `x`, `y_train`, `test_images`, `val_labels`, `classes`.

    Raises:
        UserError: If two names mean the same.
    """
    result = SortedArrays(path)
    for name, array in arrays.items():
        kind, part = _meaning(name)
        if kind == "classes":
            result.classes = tuple(str(entry) for entry in array.ravel())
            continue
        place = {"x": result.x, "y": result.y}.get(kind, result.others)
        key = part if kind else name
        if key in place:
            raise UserError(f"{path}: two arrays are {kind} of {part}: one of them is {name!r}.")
        place[key] = array
    return result


def _meaning(name: str) -> tuple[str | None, str]:
    """Kind (`x`, `y`, `classes` or `None`) and part of an array's name."""
    kind, part = None, "train"
    for token in re.split(r"[^a-z]+", name.lower()):
        if token in _PARTS:
            part = _PARTS[token]
        elif token in _KINDS:
            kind = _KINDS[token]
        elif token and token != "class":
            return None, part
    return kind, part

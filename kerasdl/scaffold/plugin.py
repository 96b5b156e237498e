"""A new plugin: checked first, then written whole or not at all."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kerasdl.errors import UserError, did_you_mean
from kerasdl.scaffold import files
from kerasdl.scaffold.names import checked_names

KINDS = ("architecture", "component", "dataset", "command")
"""What a new plugin can begin with."""


@dataclass(frozen=True, slots=True)
class Plugin:
    """A plugin that was written: its folder, and the files in it by their paths."""

    folder: Path
    files: tuple[str, ...]


def new_plugin(
    name: str,
    kind: str = "architecture",
    *,
    task: str | None = None,
    component: str | None = None,
    folder: str | Path | None = None,
) -> Plugin:
    """Writes a distribution that installs, passes its tests and does something small.

    Args:
        name: Of the distribution: `kerasdl-wavenet`; what users type is that without `kerasdl-`.
        kind: One of `KINDS`.
        task: What an architecture is for; by default image classification.
        component: Kind of a component; by default a layer.
        folder: Where it is written: a new or an empty folder. By default `name`, here.

    Raises:
        UserError: If an argument breaks its rule, the name is taken, or the files cannot be
            written; then nothing is.
    """
    _check_kind(kind, task=task, component=component)
    if kind == "component":
        component = component or "layer"
    names = checked_names(name, kind, component)
    home = Path(os.path.abspath(name if folder is None else folder))
    _check_folder(home)
    if kind == "architecture":
        made = files.architecture(names, task or "image-classification")
    elif kind == "component":
        made = files.component(names, component or "layer")
    else:
        made = files.dataset(names) if kind == "dataset" else files.command(names)
    try:
        _write_whole(home, made)
    except OSError as error:
        raise UserError(f"`folder` cannot be written: {error}. Received: folder={home}") from error
    return Plugin(home, tuple(made))


def _check_kind(kind: str, task: str | None, component: str | None) -> None:
    if kind not in KINDS:
        raise UserError(
            f"`kind` must be one of {', '.join(KINDS)}. Received: kind={kind!r}."
            f"{did_you_mean(kind, KINDS)}"
        )
    if component is not None and component not in files.COMPONENTS:
        raise UserError(
            f"`component` must be one of {', '.join(files.COMPONENTS)}. "
            f"Received: component={component!r}.{did_you_mean(component, files.COMPONENTS)}"
        )
    for option, value, owner in (
        ("task", task, "architecture"),
        ("component", component, "component"),
    ):
        if value is not None and kind != owner:
            raise UserError(
                f"`{option}` belongs to kind={owner!r}: leave it out, or change the kind. "
                f"Received: {option}={value!r}, kind={kind!r}"
            )
    if task is not None:
        files.task_text(task)


def _check_folder(home: Path) -> None:
    if home.is_dir():
        if any(home.iterdir()):
            raise UserError(f"`folder` must be new or empty. Received: folder={home}")
    elif os.path.lexists(home):
        raise UserError(f"`folder` must be new or an empty folder. Received: folder={home}, a file")
    elif not home.parent.is_dir():
        raise UserError(
            f"`folder` must be inside a folder that exists, and {home.parent} does not: make it "
            f"first. Received: folder={home}"
        )


def _write_whole(home: Path, made: Mapping[str, str]) -> None:
    """Writes into a folder beside `home`, which becomes `home`, or is moved into an empty one."""
    draft = home.with_name(f".{home.name}-{os.getpid()}")
    draft.mkdir()
    try:
        for path, text in made.items():
            file = draft / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, "utf-8", newline="\n")
        if home.is_dir():
            _move_all(draft, home)
        else:
            draft.rename(home)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _move_all(draft: Path, home: Path) -> None:
    """Everything in `draft` into `home`, which stays the folder that somebody may stand in."""
    moved: list[Path] = []
    try:
        for path in sorted(draft.iterdir()):
            moved.append(path.rename(home / path.name))
    except BaseException:
        for path in moved:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        raise

"""Pictures of what a run's network looks for, and where."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kerasdl.disk import disk_errors, write_whole
from kerasdl.errors import UserError, did_you_mean
from kerasdl.small_files import read_json
from kerasdl.training.finished import open_finished
from kerasdl.training.look_at_texts import look_at_texts
from kerasdl.training.run import load_run

if TYPE_CHECKING:
    import keras

    from kerasdl.tasks import Task
    from kerasdl.training.finished import Finished
    from kerasdl.training.run import Run

_PIECE = 256  # samples


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What was drawn.

    Args:
        pictures: Files written.
        notes: What could not be drawn, and why; what was left out.
        others: Pictures that the training left in the run's folder.
    """

    pictures: list[Path]
    notes: list[str]
    others: list[Path]


@dataclass(slots=True)
class _Seen:
    """Images, the model that saw them, and how they are titled."""

    model: "keras.Model"
    labels: list[str]
    images: np.ndarray
    titles: list[str]
    notes: list[str]


def look(
    run: str | Path,
    inputs: Sequence[str] = (),
    *,
    layer: str | None = None,
    target: str | None = None,
    folder: str | Path | None = None,
    count: int = 8,
    backend: str | None = None,
) -> Look:
    """Draws filters, feature maps and Grad-CAM of a run on images, or attentions of one on texts.

    `filters.png`: the first layer's weights. `feature_maps.png`: what `layer` makes of each image,
    by default the first convolution. `grad_cam.png`: which places speak for the class, seen from
    `layer`, by default the last convolution. A network without convolution gets the first alone.

    Args:
        run: Folder of a finished run.
        inputs: Files or folders of images; without them test samples, half of them mistakes where
            there are so many. Texts or files of them, for a run on texts.
        layer: Name of a layer with feature maps.
        target: Name of the class; the predicted one by default.
        folder: Where the pictures go; `inside` in the run's folder by default.
        count: Images to show at most.
        backend: `jax`, `tensorflow` or `torch`.

    Raises:
        UserError: If the folder is no run on images, nothing can be drawn, or the network has no
            such layer or class.
    """
    if count < 1:
        raise UserError(f"`count` must be at least 1. Received: count={count}")
    run = Path(run)
    opened = _of_texts(run, backend)
    if opened is not None:
        if layer or target:
            raise UserError("`layer` and `class` are for runs on images with classes")
        folder = run / "inside" if folder is None else Path(folder)
        pictures, notes = look_at_texts(opened, inputs, folder, count)
        return Look(pictures=pictures, notes=notes, others=sorted(run.glob("*.png")))
    seen = _given(run, inputs, count, backend) if inputs else _test_samples(run, count, backend)
    found, notes = _draw_plan(seen, layer, target)
    folder = run / "inside" if folder is None else Path(folder)
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    pictures = []
    for name, draw in found.items():
        write_whole(folder / name, draw)
        pictures.append(folder / name)
    return Look(pictures=pictures, notes=seen.notes + notes, others=sorted(run.glob("*.png")))


def _of_texts(run: Path, backend: str | None) -> "Finished | None":
    """The run, if it reads or writes texts."""
    file = run / "task.json"
    about = read_json(file, "run file") if file.is_file() else {"inputs": {}}
    texts = "text" in (about.get("inputs") or ()) or "target" in about
    return open_finished(run, backend) if texts else None


def _draw_plan(seen: _Seen, layer: str | None, target: str | None) -> tuple[dict[str, Any], list]:
    """What to draw by file name, each computed already; and what cannot be."""
    from kerasdl import inside, plots
    from kerasdl.inside.maps import find_layer, first_maps, last_maps

    drawn: dict[str, Any] = {}
    notes = []
    try:
        kernels, name = inside.first_filters(seen.model)
        drawn["filters.png"] = lambda path: plots.filters(kernels, path, name)
    except UserError as reason:
        notes.append(f"no filters: {reason}")
    if not inside.map_layers(seen.model):
        reason = "the network has no convolution, and so no feature maps and no Grad-CAM"
        if layer or target or not drawn:
            raise UserError(reason if drawn else f"{reason}, nor weights that are an image")
        return drawn, [*notes, reason]
    if layer:
        find_layer(seen.model, layer)
    early, late = layer or first_maps(seen.model), layer or last_maps(seen.model)
    number = _class_number(seen, target)
    maps = inside.feature_maps(seen.model, early, seen.images)
    drawn["feature_maps.png"] = lambda path: plots.feature_maps(
        seen.images, maps, path, seen.titles, early
    )
    if not _has_classes(seen.model, seen.labels):
        return drawn, [*notes, "no Grad-CAM: it is for networks with an output for each class"]
    heat = inside.grad_cam(seen.model, seen.images, number, late)
    place = late if target is None else f"{late}, for {target}"
    drawn["grad_cam.png"] = lambda path: plots.heat_maps(
        seen.images, heat, seen.titles, path, place
    )
    return drawn, notes


def _class_number(seen: _Seen, target: str | None) -> int | None:
    if target is None:
        return None
    if not _has_classes(seen.model, seen.labels):
        raise UserError(f"`class` is for networks with classes. Received: class={target!r}")
    if target not in seen.labels:
        near = did_you_mean(target, seen.labels)
        raise UserError(f"`class` must be one of the run's. Received: class={target!r}.{near}")
    return seen.labels.index(target)


def _has_classes(model: "keras.Model", labels: Sequence[str]) -> bool:
    return tuple(model.output_shape[1:]) == (len(labels),)


def _given(run: Path, paths: Sequence[str], count: int, backend: str | None) -> _Seen:
    """Images from files; the run's own data is not needed."""
    opened = open_finished(run, backend)
    inputs, model, task = opened.form.inputs, opened.model, opened.task
    _check_kind(run, inputs.kind)
    images, names = inputs.read(paths)
    cut = f"the first {count} of {len(images)} inputs are shown (`count`)"
    notes = [cut] if len(images) > count else []
    images, names = images[:count], names[:count]
    outputs = np.asarray(model.predict(images, verbose=0))
    labels = _labels(opened.form.labels, model)
    titles = _titles(task, model, labels, names, outputs)
    return _Seen(model, labels, images, titles, notes)


def _test_samples(folder: Path, count: int, backend: str | None) -> _Seen:
    run = load_run(folder, backend)
    _check_kind(folder, run.data.inputs.kind)
    labels = _labels(run.data.classes or run.data.target_names, run.model)
    chosen, outputs = _chosen(run, count)
    samples = run.samples("test").take(chosen)
    true = [f"test sample {index}" for index in chosen]
    if _tells_right(run):
        true = [f"true {labels[number]}" for number in samples.y]
    titles = _titles(run.task, run.model, labels, true, outputs)
    return _Seen(run.model, labels, samples.x, titles, [])


def _chosen(run: "Run", count: int) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of test samples, those that are right first, and the outputs for them."""
    samples = run.samples("test")
    if not _tells_right(run):
        chosen = np.arange(min(count, len(samples)))
        return chosen, run.outputs(samples.x[chosen])
    parts: list[np.ndarray] = []
    half = count // 2
    for begin in range(0, len(samples), _PIECE):
        parts.append(run.outputs(samples.x[begin : begin + _PIECE]))
        outputs = np.concatenate(parts)
        hit = outputs.argmax(axis=1) == samples.y[: len(outputs)]
        if hit.sum() >= count - half and (~hit).sum() >= half:
            break
    right, wrong = np.flatnonzero(hit), np.flatnonzero(~hit)
    right = right[: max(count - half, count - len(wrong))]
    chosen = np.concatenate([right, wrong[: count - len(right)]])
    return chosen, outputs[chosen]


def _tells_right(run: "Run") -> bool:
    from kerasdl.tasks import Classification

    return isinstance(run.task, Classification) and run.samples("test").y is not None


def _labels(names: Sequence[str], model: "keras.Model") -> list[str]:
    """Names of the outputs; their numbers where they have none."""
    return list(names) or [str(number) for number in range(model.output_shape[-1])]


def _titles(
    task: "Task",
    model: "keras.Model",
    labels: Sequence[str],
    names: Sequence[str],
    outputs: np.ndarray,
) -> list[str]:
    """Each image's name, and below it what the model says of it."""
    from kerasdl.tasks import Classification

    if not _has_classes(model, labels):
        return list(names)
    highest = outputs.argmax(axis=1)
    said = [f"highest: {labels[number]}" for number in highest]
    if isinstance(task, Classification):
        sure = task.probabilities(outputs, model).max(axis=1)
        said = [f"said {labels[n]} ({p:.0%})" for n, p in zip(highest, sure, strict=True)]
    return [f"{name}\n{line}" for name, line in zip(names, said, strict=True)]


def _check_kind(run: Path, kind: str) -> None:
    if kind != "images":
        raise UserError(f"a look inside is for runs on images. Received: {run}, a run on {kind}")

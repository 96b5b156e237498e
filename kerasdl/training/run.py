"""One training, from a configuration to a folder that says all about it."""

import contextlib
import json
import signal
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kerasdl.backend.start import seed, start
from kerasdl.disk import remove_parts, write_whole
from kerasdl.errors import UserError
from kerasdl.folder_lock import FolderLock
from kerasdl.small_files import as_written, read_json
from kerasdl.training.config import DATA_WISHES, RunConfig, make_config, read_config
from kerasdl.training.findings import tell
from kerasdl.training.folder import claim, discarded_unless
from kerasdl.training.records import read_record
from kerasdl.training.reporting import about_run, report

if TYPE_CHECKING:
    import keras

    from kerasdl.data import Batches, Data, Form, Samples
    from kerasdl.tasks import Evaluation, Task


CHECKPOINTS = "checkpoints"
"""Folder of a run's checkpoints, in the run's folder."""


@dataclass(slots=True)
class Run:
    """A run and its folder, as hooks and commands see it."""

    folder: Path
    config: dict[str, Any]
    model: "keras.Model"
    data: "Data"
    task: "Task"
    status: str = "training"
    guarded: list[dict[str, Any]] = field(default_factory=list)
    signal: int = 0

    def outputs(self, x: np.ndarray) -> Any:
        """The model's outputs for raw inputs."""
        from kerasdl.data import Samples

        return self.outputs_of(Samples(x))

    def outputs_of(self, samples: "Samples") -> Any:
        """What the task makes of the model's outputs for a split."""
        flip = self.config.get("test_time_flip", False)
        return self.task.outputs(samples, self.model, self.data.form(), flip)

    def evaluate(self, split: str = "test") -> "Evaluation":
        """Figures of one split.

        Raises:
            UserError: If the data has no such split.
        """
        samples = self.samples(split)
        return self.task.evaluate(samples, self.outputs_of(samples), self.model, self.data)

    def samples(self, split: str) -> "Samples":
        """One split: `train`, `validation` or `test`."""
        samples = self.data.parts.get(split)
        if samples is None or not len(samples):
            raise UserError(f"`split` must be a split of {self.data.name!r}. Received: {split!r}")
        return samples


@dataclass(slots=True)
class Finished:
    """A run's model and what it remembers of its data, without the data."""

    model: "keras.Model"
    task: "Task"
    form: "Form"
    about: dict[str, Any]


def train(config: RunConfig, folder: str | Path | None = None) -> Run:
    """Trains, and leaves a folder with the model, what made it, and how good it is.

    The folder holds `config.toml` (repeats the run), `environment.json`, `metrics.csv`,
    `model.keras`, `task.json`, `results.json`, `checkpoints/`, pictures, and `report.html`, which
    shows them all.

    Args:
        config: The configuration.
        folder: The run's folder, which must not exist; None makes up `runs/ARCH-DATA-NUMBER`.

    Raises:
        UserError: On a mistake in the configuration or the data; nothing is left behind.
    """
    config = replace(config, backend=start(config.backend, config.deterministic).name)
    config = replace(config, fields=_resolved_fields(config))
    model, data, task, batches = _prepare(config)
    stem = f"{config.architecture}-{data.name}".replace(":", "-").replace("/", "-")
    run = Run(claim(folder, stem), config.to_dict(), model, data, task)
    with _locked(run.folder), discarded_unless(run.folder, "metrics.csv", f"{CHECKPOINTS}/step-*"):
        _describe(run, config)
        return _carry_out(run, config, batches)


def resume(folder: str | Path, backend: str | None = None) -> Run:
    """Goes on with a run that was killed or interrupted, from its newest sound checkpoint.

    On the backend it was begun on, the weights end up bit for bit those of a run never broken off,
    where its steps are repeatable (`deterministic`, on TensorFlow and on GPUs); on another one
    within what the backends' arithmetic differs by.

    Args:
        folder: Of the run.
        backend: `jax`, `tensorflow` or `torch`; None for the one it was begun on.

    Raises:
        UserError: If the folder is no run, the run is finished, or another process trains there.
    """
    folder = Path(folder)
    config = make_config(_run_values(folder))
    if (status := read_record(folder).results.get("status")) not in (None, "interrupted"):
        raise UserError(
            f"{folder} has ended: {status}. To train by the same settings again: "
            f"kerasdl train --config {folder / 'config.toml'}"
        )
    config = replace(config, backend=start(backend or config.backend, config.deterministic).name)
    with _locked(folder):
        remove_parts(folder)
        model, data, task, batches = _prepare(config)
        run = Run(folder, config.to_dict(), model, data, task)
        _note_resumption(run, config)
        return _carry_out(run, config, batches)


def load_run(folder: str | Path, backend: str | None = None) -> Run:
    """Opens a finished run: its model and the same splits of its data.

    Raises:
        UserError: If the folder is no run, or its data is no longer there.
    """
    folder = Path(folder)
    values = _run_values(folder)
    start(backend)
    from kerasdl.models import load_model
    from kerasdl.tasks import get_task

    config = make_config(values)
    _demand_task(folder)
    data = _load_data(config)
    return Run(folder, values, load_model(folder), data, get_task(data.task), "finished")


def open_finished(folder: str | Path, backend: str | None = None) -> Finished:
    """Opens a finished run without its training data.

    Raises:
        UserError: If the folder is no run.
    """
    folder = Path(folder)
    if not (folder / "task.json").is_file():
        raise UserError(f"{folder} is no run folder: it has no task.json")
    start(backend)
    from kerasdl.data import Form
    from kerasdl.models import load_model
    from kerasdl.tasks import get_task

    _demand_task(folder)
    about = read_json(folder / "task.json", "run file")
    with as_written(folder / "task.json", "run file"):
        task, form = get_task(about["task"]), Form.from_dict(about)
    return Finished(load_model(folder, compile=False), task, form, about)


def _demand_task(folder: Path) -> None:
    """Asks for the plugin that a run's task comes from, where it is no task of kerasdl's own."""
    from kerasdl.plugin.requirements import demand_origin

    file = folder / "task.json"
    if not file.is_file():
        return
    with as_written(file, "run file"):
        about = read_json(file, "run file")
        if origin := about.get("task_plugin"):
            demand_origin(dict(origin), "the run", f"task {about['task']!r}")


def predict(
    folder: str | Path,
    paths: Sequence[str],
    backend: str | None = None,
    beams: int | None = None,
    length_penalty: float | None = None,
    coverage_penalty: float | None = None,
    n_best: int | None = None,
) -> list[dict[str, Any]]:
    """Predictions of a run for raw inputs from files, or texts; its training data is not needed.

    Args:
        folder: Of the run.
        paths: Files or folders of inputs; for a run on texts also texts.
        backend: `jax`, `tensorflow` or `torch`.
        beams: Texts followed at a time, for a run that writes; 1 is greedy.
        length_penalty: Above 0 longer texts are preferred, for a run that writes.
        coverage_penalty: Above 0 texts lose that leave parts of the input unattended.
        n_best: Texts for each input, best first, with their scores.

    Raises:
        UserError: If the folder is no run or a file does not fit it.
    """
    run = open_finished(folder, backend)
    wishes = {
        "width": beams,
        "length_penalty": length_penalty,
        "coverage_penalty": coverage_penalty,
        "n_best": n_best,
    }
    _choose_strategy(run, {name: value for name, value in wishes.items() if value is not None})
    from kerasdl.data import Samples

    x, names = run.form.inputs.read(paths)
    flip = run.about.get("test_time_flip", False)
    outputs = run.task.outputs(Samples(x), run.model, run.form, flip)
    return run.task.present(outputs, run.model, run.form, names, x)


def _choose_strategy(run: Finished, wishes: dict[str, Any]) -> None:
    if not wishes:
        return
    from kerasdl.tasks.written import WritingTask

    if not isinstance(run.task, WritingTask):
        raise UserError(
            "beams, penalties and `n_best` are for runs that write, translations and captions. "
            f"Received: a run on {run.form.task}"
        )
    run.task.strategy = replace(run.task.strategy, **wishes)


def _resolved_fields(config: RunConfig) -> dict[str, Any]:
    """Every config field of the architecture with the value it has in this run."""
    from kerasdl.plugin import host
    from kerasdl.plugin.requirements import demand_required

    provider = host().architecture(config.architecture)
    demand_required(provider)
    return dict(provider.record.resolve(provider.preset, config.fields))


def _load_data(config: RunConfig, looked_at: bool = False) -> "Data":
    from kerasdl import data as room
    from kerasdl.plugin.targets import base_task

    target: Any = config.target
    if target is not None and len(target) == 1:
        target = target[0]  # a column, or the path of a .npy file
    task = None if config.task is None else base_task(config.task)
    found = room.load(config.data, task=task, target=target, image_size=config.image_size)
    data = room.split(found, config.seed, config.validation, config.test, config.fold_numbers)
    if config.labels_per_class is not None:
        data = room.few_labels(data, config.labels_per_class, config.seed)
    if looked_at:
        tell(room.examine(data, config.preprocessing), config)
    wishes = {name: getattr(config, name) for name in DATA_WISHES}
    data = room.prepare(data, **wishes)
    return data if task == config.task else data.replace(task=config.task)


def _prepare(config: RunConfig) -> "tuple[keras.Model, Data, Task, Batches]":
    """Everything that can fail before the folder is made."""
    import keras

    from kerasdl import data as room
    from kerasdl.models import create_model
    from kerasdl.tasks import get_task
    from kerasdl.training.components import make_component
    from kerasdl.training.fitting import compile_model

    data = _load_data(config, looked_at=True)
    task = get_task(data.task)
    if config.test_time_flip and (data.inputs.kind != "images" or not task.ignores_mirroring):
        raise UserError(
            f"`test_time_flip` is for images that mean the same mirrored. Received: {data.name!r}, "
            f"{data.inputs.kind}, task {data.task}"
        )
    seed(config.seed)
    statistics = data.train.x if data.series is None else data.series
    layers = room.preprocessing(config.preprocessing, statistics, data.inputs)
    raw, *others = task.entrance(data)
    features = raw
    for layer in [*(make_component("layer", text) for text in config.augment), *layers]:
        features = layer(features)
    spec = data.spec()
    if data.inputs.kind not in ("tokens", "words"):
        seen = {"input_shape": tuple(features.shape[1:]), "input_dtype": features.dtype}
        spec = spec.replace(**seen)
    with _precision(config.precision), _source_named(data):
        architecture = create_model(
            config.architecture,
            spec=spec,
            weights=config.weights,
            freeze=config.freeze or None,
            **config.fields,
        )
    outputs = architecture([features, *others] if others else features)
    inputs = [raw, *others] if others else raw
    model = keras.Model(inputs, task.head(outputs, data), name="run")
    return model, data, task, compile_model(model, config, task, data)


@contextlib.contextmanager
def _source_named(data: "Data") -> Iterator[None]:
    """A network that cannot be built for these images says whose they are."""
    try:
        yield
    except UserError as error:
        if data.inputs.kind != "images" or "cannot be built" not in str(error):
            raise
        size = "x".join(map(str, data.inputs.shape))
        raise UserError(
            f"{str(error).rstrip('.')}. The images: {data.source or data.name}, {size}; "
            "give image_size=(height, width) to resize them"
        ) from error


@contextlib.contextmanager
def _precision(policy: str) -> Iterator[None]:
    """Layers made within compute as `policy` says."""
    import keras

    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def _run_values(folder: Path) -> dict[str, Any]:
    if not (folder / "config.toml").is_file():
        raise UserError(f"{folder} is no run folder: it has no config.toml")
    return read_config(folder / "config.toml")


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    lock = FolderLock(folder)
    try:
        yield
    finally:
        lock.release()


def _carry_out(run: Run, config: RunConfig, batches: "Batches") -> Run:
    """Trains, from a checkpoint if there is one, and says how good it is."""
    from kerasdl.training.events import RunEvents
    from kerasdl.training.fitting import fit

    events = RunEvents(run)
    fitted = fit(run, config, batches, events)
    run.signal = fitted.signal
    if run.signal == signal.SIGTERM:  # there is no time for more, be all steps done or not
        run.status = "interrupted"
        results = {"status": run.status, "table": [], **about_run(run.task, run.data)}
        _write_json(run.folder / "results.json", results)
        report(run.folder, [])
        return run
    timing = {"seconds": round(fitted.seconds, 2)}
    timing["first_step_seconds"] = round(fitted.first_step, 2)
    evaluation = _finish(run, timing, fitted.history)
    events.after_fit(evaluation.figures)
    for failure in events.failures:
        warnings.warn(failure, stacklevel=2)
    return run


def _note_resumption(run: Run, config: RunConfig) -> None:
    """Adds to `environment.json` that the run goes on, and with what."""
    from kerasdl.training.environment import environment

    now = environment(config.backend or "")
    path = run.folder / "environment.json"
    try:
        about = json.loads(path.read_text("utf-8"))
        pieces = [*about.get("resumed", ()), now]
    except (OSError, ValueError, AttributeError):  # killed before it was written
        about, pieces = now, []
    _write_json(path, {**about, "resumed": pieces})
    _describe_task(run, config)


def _describe(run: Run, config: RunConfig) -> None:
    from kerasdl.training.environment import environment

    write_whole(run.folder / "config.toml", config.save)
    _write_json(run.folder / "environment.json", environment(config.backend or ""))
    _describe_task(run, config)


def _describe_task(run: Run, config: RunConfig) -> None:
    """What the model is used by when the data is gone."""
    from kerasdl.plugin import host
    from kerasdl.plugin.provenance import plugin_origin
    from kerasdl.plugin.targets import find_component

    about = {**run.data.form().to_dict(), "test_time_flip": config.test_time_flip}
    if run.data.task.rpartition(":")[2] in host().catalog.names("task"):
        about["task_plugin"] = plugin_origin(find_component("task", run.data.task)[0].plugin)
    _write_json(run.folder / "task.json", about)


def _finish(run: Run, timing: dict[str, float], history: dict[str, list[float]]) -> "Evaluation":
    """Saves the model, measures it on the test split, draws the pictures."""
    from kerasdl import plots

    write_whole(run.folder / "model.keras", run.model.save)
    split = _final_split(run.data)
    samples = run.samples(split)
    outputs = run.outputs_of(samples)
    evaluation = run.task.evaluate(samples, outputs, run.model, run.data)
    results = {
        "status": run.status,
        "epochs": len(history.get("loss", ())),
        **timing,
        "parameters": int(sum(np.prod(v.shape) for v in run.model.trainable_variables)),
        "test": evaluation.figures,
        "table": evaluation.table,
        **about_run(run.task, run.data),
    }
    if split != "test":
        results["measured_on"] = split
    if run.guarded:
        results["guard"] = run.guarded
    if evaluation.notes:
        results["notes"] = dict(evaluation.notes)
    if history:
        plots.learning_curves(history, run.folder / "curves.png")
    run.task.pictures(samples, outputs, run.model, run.data, run.folder)
    # All but the report, which can be made again, is there when a run is said to have ended.
    _write_json(run.folder / "results.json", results)
    report(run.folder, run.task.examples(samples, outputs, run.model, run.data))
    return evaluation


def _final_split(data: "Data") -> str:
    """The test split; where nothing was held out for one, the validation or the training split."""
    return next(name for name in ("test", "validation", "train") if name in data.parts)


def _write_json(path: Path, value: Any) -> None:
    text = json.dumps(value, indent=1, ensure_ascii=False)
    write_whole(path, lambda part: part.write_text(text + "\n", "utf-8"))

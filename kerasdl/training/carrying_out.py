"""One training, from a configuration to a folder that says all about it."""

import contextlib
import signal
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kerasdl.backend.start import start
from kerasdl.disk import remove_parts, write_whole
from kerasdl.errors import UserError
from kerasdl.folder_lock import FolderLock
from kerasdl.training.config import RunConfig, make_config
from kerasdl.training.describing import describe, note_resumption, write_json
from kerasdl.training.folder import CHECKPOINTS, claim, discarded_unless
from kerasdl.training.preparing import prepare, resolved_fields
from kerasdl.training.records import read_record
from kerasdl.training.reporting import about_run, report
from kerasdl.training.run import Run, run_values

if TYPE_CHECKING:
    from kerasdl.data import Batches, Data
    from kerasdl.tasks import Evaluation


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
    config = replace(config, fields=resolved_fields(config))
    model, data, task, batches = prepare(config)
    stem = f"{config.architecture}-{data.name}".replace(":", "-").replace("/", "-")
    run = Run(claim(folder, stem), config.to_dict(), model, data, task)
    with _locked(run.folder), discarded_unless(run.folder, "metrics.csv", f"{CHECKPOINTS}/step-*"):
        describe(run, config)
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
    config = make_config(run_values(folder))
    if (status := read_record(folder).results.get("status")) not in (None, "interrupted"):
        raise UserError(
            f"{folder} has ended: {status}. To train by the same settings again: "
            f"kerasdl train --config {folder / 'config.toml'}"
        )
    config = replace(config, backend=start(backend or config.backend, config.deterministic).name)
    with _locked(folder):
        remove_parts(folder)
        model, data, task, batches = prepare(config)
        run = Run(folder, config.to_dict(), model, data, task)
        note_resumption(run, config)
        return _carry_out(run, config, batches)


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
        write_json(run.folder / "results.json", results)
        report(run.folder, [])
        return run
    timing = {"seconds": round(fitted.seconds, 2)}
    timing["first_step_seconds"] = round(fitted.first_step, 2)
    evaluation = _finish(run, timing, fitted.history)
    events.after_fit(evaluation.figures)
    for failure in events.failures:
        warnings.warn(failure, stacklevel=2)
    return run


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
    write_json(run.folder / "results.json", results)
    report(run.folder, run.task.examples(samples, outputs, run.model, run.data))
    return evaluation


def _final_split(data: "Data") -> str:
    """The test split; where nothing was held out for one, the validation or the training split."""
    return next(name for name in ("test", "validation", "train") if name in data.parts)

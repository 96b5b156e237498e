"""The checklist before a training, and the curves of one that has ended."""

import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from kerasdl.backend.start import start
from kerasdl.diagnostics import Finding, advise, diagnose
from kerasdl.diagnostics.diagnose import chosen
from kerasdl.errors import UserError
from kerasdl.training.config import RunConfig

if TYPE_CHECKING:
    from kerasdl.diagnostics import Subject


def diagnose_config(
    config: RunConfig,
    only: Sequence[str] = (),
    png: str | Path | None = None,
    seconds: float = 15.0,
) -> Iterator[Finding]:
    """What the checks say of a training before it is begun, one finding after the other.

    Args:
        config: Of the training.
        only: Names of checks (`kerasdl.diagnostics.CHECKS`); all without.
        png: Where the picture of the learning rates goes; None for none.
        seconds: The longest that a check trains.

    Raises:
        UserError: On a mistake in the configuration or the data, or an unknown check.
    """
    names = chosen(only)
    yield from diagnose(subject_of(config, png, seconds), names)


def subject_of(
    config: RunConfig, png: str | Path | None = None, seconds: float = 15.0
) -> "Subject":
    """The model of a configuration, its data and its batches, for checks.

    Its rate is the peak of the schedule, without averages of weights or rates by layer.
    """
    config = replace(config, backend=start(config.backend).name)
    from kerasdl.diagnostics import Subject
    from kerasdl.training.run import _prepare

    plain = replace(config, schedule="constant", ema=None, layer_decay=None)
    model, data, task, batches = _prepare(plain)
    return Subject(model, data, task, batches, None if png is None else Path(png), seconds)


def diagnose_run(folder: str | Path) -> list[Finding]:
    """What the curves of a run say, whether it has ended or not; its data is not needed.

    Raises:
        UserError: If the folder is no run, or nothing has been measured yet.
    """
    folder = Path(folder)
    if not (folder / "task.json").is_file():
        raise UserError(f"{folder} is no run folder: it has no task.json")
    start(None)
    from kerasdl.tasks import get_task

    task = get_task(json.loads((folder / "task.json").read_text("utf-8"))["task"])
    return advise(read_history(folder), task.monitor, task.monitor_mode)


def read_history(folder: Path) -> dict[str, list[float]]:
    """The columns of a run's `metrics.csv`.

    Raises:
        UserError: If there is none, or it is no table of numbers.
    """
    path = folder / "metrics.csv"
    try:
        with open(path, newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        history = {name: [float(row[name]) for row in rows] for name in rows[0] if name != "epoch"}
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from None
    except IndexError:
        raise UserError(f"{path} has no epoch yet") from None
    except (ValueError, TypeError) as error:
        raise UserError(f"{path} is no table of numbers: {error}") from None
    return history

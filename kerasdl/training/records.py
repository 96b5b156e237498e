"""What a run's folder says, read without Keras, however broken the folder is."""

import csv
import datetime
import json
import tomllib
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from kerasdl.errors import UserError
from kerasdl.folder_lock import LOCK, is_locked

STOPPED = "stopped by the guard"
STATUSES = ("finished", STOPPED, "interrupted", "running", "failed", "broken")
_MARKS = ("config.toml", "environment.json", "results.json", "metrics.csv")
_LARGEST = 2**26  # bytes; no file of a run that is read here comes near
_MAIN = ("bleu", "perplexity", "accuracy", "label_accuracy", "mse", "rmse")
_LOWER_IS_BETTER = ("loss", "perplexity", "mse", "rmse", "mae", "mape", "error", "bits", "nats")


class RunRecord:
    """A run as its folder describes it; nothing here raises because a file is missing or broken.

    `faults` says what could not be read; values that a broken file would give are empty.

    Args:
        folder: The run's folder.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self._faults: list[str] = []

    @property
    def name(self) -> str:
        """The folder's own name."""
        return self.folder.name or str(self.folder)

    @cached_property
    def config(self) -> dict[str, Any]:
        """`config.toml`."""
        return self._table("config.toml", tomllib.loads)

    @cached_property
    def environment(self) -> dict[str, Any]:
        """`environment.json`."""
        return self._table("environment.json", json.loads)

    @cached_property
    def results(self) -> dict[str, Any]:
        """`results.json`; empty as long as the run goes on."""
        return self._table("results.json", json.loads)

    @cached_property
    def task(self) -> dict[str, Any]:
        """`task.json`."""
        return self._table("task.json", json.loads)

    @cached_property
    def history(self) -> dict[str, list[float]]:
        """The columns of `metrics.csv`, `epoch` among them."""
        whole, _, _ = self._text("metrics.csv").rpartition("\n")  # a row may be half written
        columns: dict[str, list[float]] = {}
        try:
            for row in csv.DictReader(whole.split("\n"), strict=True):
                numbers = {name: float(value) for name, value in row.items()}
                for name, value in numbers.items():
                    columns.setdefault(name, []).append(value)
        except (ValueError, TypeError, csv.Error) as error:
            self._faults.append(f"metrics.csv cannot be read: {error}")
        return columns if len({*map(len, columns.values())}) == 1 else {}

    @cached_property
    def faults(self) -> list[str]:
        """What could not be read, a sentence a file."""
        for each in ("config", "environment", "results", "task", "history"):
            getattr(self, each)
        return self._faults

    @property
    def status(self) -> str:
        """One of `STATUSES`."""
        said = self.results.get("status")
        if said in STATUSES:
            return str(said)
        if not self.config:
            return "broken"
        if not (self.folder / LOCK).exists():
            return "failed"  # an error lets the lock go and leaves no results
        return "running" if self.is_running else "interrupted"

    @property
    def is_running(self) -> bool:
        """Whether a process trains into the folder now."""
        return is_locked(self.folder)

    @property
    def epochs(self) -> int:
        """Epochs done."""
        done = self.results.get("epochs")
        return done if isinstance(done, int) else len(self.history.get("epoch", ()))

    @property
    def figures(self) -> dict[str, float]:
        """The figures of the split that was measured at the end."""
        found = self.results.get("test")
        return _numbers(found) if isinstance(found, dict) else {}

    @property
    def split(self) -> str:
        """The split that the figures are of."""
        return str(self.results.get("measured_on", "test"))

    @property
    def main_figure(self) -> tuple[str, float] | None:
        """The figure that says most, with the split it is of; the last epoch's while it trains."""
        name = main_name(self.figures)
        if name is not None:
            return f"{self.split} {name}", self.figures[name]
        last = {name: values[-1] for name, values in self.history.items() if values}
        watched = {n[4:]: value for n, value in last.items() if n.startswith("val_")}
        name = main_name(watched)
        return None if name is None else (f"val {name}", watched[name])

    @property
    def seconds(self) -> float | None:
        """What the training took."""
        found = self.results.get("seconds")
        return float(found) if isinstance(found, int | float) else None

    @property
    def started(self) -> datetime.datetime | None:
        """When the run began, in local time."""
        try:
            said = self.environment.get("started")
            if isinstance(said, str):
                return datetime.datetime.fromisoformat(said).astimezone()
            file = next(path for name in _MARKS if (path := self.folder / name).is_file())
            return datetime.datetime.fromtimestamp(file.stat().st_mtime).astimezone()
        except (ValueError, OSError, StopIteration):
            return None

    def _table(self, name: str, parse: Any) -> dict[str, Any]:
        text = self._text(name)
        if not text:
            return {}
        try:
            found = parse(text)
        except (ValueError, RecursionError) as error:
            self._faults.append(f"{name} cannot be read: {error}")
            return {}
        if isinstance(found, dict):
            return found
        self._faults.append(f"{name} must hold a table")
        return {}

    def _text(self, name: str) -> str:
        path = self.folder / name
        try:
            if not path.is_file():
                return ""
            if path.stat().st_size > _LARGEST:
                raise ValueError(f"it has {path.stat().st_size:,} bytes")
            return path.read_text("utf-8")
        except (OSError, ValueError) as error:
            self._faults.append(f"{name} cannot be read: {error}")
            return ""


def read_record(folder: str | Path) -> RunRecord:
    """The record of one run.

    Raises:
        UserError: If the folder is none of a run.
    """
    if not is_run(Path(folder)):
        raise UserError(
            f"{folder} is no run folder: it has none of {', '.join(_MARKS)}. "
            "`kerasdl runs list` shows those there are"
        )
    return RunRecord(folder)


def find_runs(folder: str | Path) -> list[RunRecord]:
    """The runs in a folder and in folders within it, in the order of their beginning.

    Raises:
        UserError: If there is no such folder.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise UserError(f"there is no folder {folder}. Name one: kerasdl runs list FOLDER")
    found = [RunRecord(path) for path in _run_folders(folder, depth=3)]
    return sorted(found, key=lambda record: (str(record.started or ""), record.name))


def is_run(folder: Path) -> bool:
    """Whether a run has left anything there."""
    return any((folder / name).is_file() for name in _MARKS)


def main_name(figures: dict[str, float]) -> str | None:
    """Of several figures the one that says most."""
    return next((name for name in _MAIN if name in figures), next(iter(figures), None))


def lower_is_better(name: str) -> bool:
    """Whether less of a figure is better, by its name."""
    return any(part in name for part in _LOWER_IS_BETTER)


def _run_folders(folder: Path, depth: int) -> Iterator[Path]:
    if is_run(folder):
        yield folder
        return
    try:
        inner = sorted(path for path in folder.iterdir() if path.is_dir() and not path.is_symlink())
    except OSError:
        return
    for path in inner if depth else ():
        if not path.name.startswith("."):
            yield from _run_folders(path, depth - 1)


def _numbers(values: dict[str, Any]) -> dict[str, float]:
    return {
        str(name): float(value)
        for name, value in values.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }

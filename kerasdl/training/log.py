"""`metrics.csv`, as the run goes."""

import csv
from pathlib import Path
from typing import Any

import keras

from kerasdl.disk import disk_errors, write_whole


class MetricsLog(keras.callbacks.Callback):
    """One row an epoch, on disk before the next epoch begins.

    Args:
        path: The CSV file.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.rows: list[dict[str, float]] = []

    @property
    def history(self) -> dict[str, list[float]]:
        """The figures of each epoch, by name."""
        history: dict[str, list[float]] = {}
        for row in self.rows:
            for name, value in row.items():
                history.setdefault(name, []).append(value)
        return history

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Begins anew: what a killed run wrote after its last checkpoint is measured again."""
        self.rows = []
        with disk_errors(self.path):
            self.path.unlink(missing_ok=True)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Appends the row."""
        row = {name: float(value) for name, value in (logs or {}).items()}
        self.rows.append(row)
        with disk_errors(self.path), open(self.path, "a", newline="", encoding="utf-8") as file:
            self._write(file, [row], len(self.rows))

    def state(self) -> dict[str, Any]:
        """The rows so far."""
        return {"rows": self.rows}

    def restore(self, state: dict[str, Any]) -> None:
        """Writes the file anew."""
        self.rows = list(state["rows"])
        if self.rows:
            write_whole(self.path, self._rewrite)

    def _rewrite(self, path: Path) -> None:
        with open(path, "w", newline="", encoding="utf-8") as file:
            self._write(file, self.rows, 1)

    def _write(self, file: Any, rows: list[dict[str, float]], first: int) -> None:
        writer = csv.DictWriter(file, ["epoch", *self.rows[0]])
        if first == 1:
            writer.writeheader()
        for epoch, row in enumerate(rows, first):
            writer.writerow({"epoch": epoch, **row})

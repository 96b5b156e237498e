"""`metrics.csv`, as the run goes."""

import csv
from pathlib import Path
from typing import Any

import keras

from kerasdl.training.folder import disk_errors


class MetricsLog(keras.callbacks.Callback):
    """One row an epoch, on disk before the next epoch begins.

    Args:
        path: The CSV file.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.history: dict[str, list[float]] = {}

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Appends the row."""
        row = {name: float(value) for name, value in (logs or {}).items()}
        for name, value in row.items():
            self.history.setdefault(name, []).append(value)
        with disk_errors(self.path), open(self.path, "a", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, ["epoch", *row])
            if epoch == 0:
                writer.writeheader()
            writer.writerow({"epoch": epoch + 1, **row})

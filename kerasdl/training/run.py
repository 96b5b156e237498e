"""A run with its data, as hooks and commands see it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kerasdl.backend.start import start
from kerasdl.errors import UserError
from kerasdl.training.config import make_config, read_config
from kerasdl.training.finished import demand_task
from kerasdl.training.preparing import load_data

if TYPE_CHECKING:
    import keras

    from kerasdl.data import Data, Samples
    from kerasdl.tasks import Evaluation, Task


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


def load_run(folder: str | Path, backend: str | None = None) -> Run:
    """Opens a finished run: its model and the same splits of its data.

    Raises:
        UserError: If the folder is no run, or its data is no longer there.
    """
    folder = Path(folder)
    values = run_values(folder)
    start(backend)
    from kerasdl.models import load_model
    from kerasdl.tasks import get_task

    config = make_config(values)
    demand_task(folder)
    data = load_data(config)
    return Run(folder, values, load_model(folder), data, get_task(data.task), "finished")


def run_values(folder: Path) -> dict[str, Any]:
    """The configuration in a run's folder, as it is written."""
    if not (folder / "config.toml").is_file():
        raise UserError(f"{folder} is no run folder: it has no config.toml")
    return read_config(folder / "config.toml")

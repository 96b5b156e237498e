"""A finished run as it is used: its model, and what it remembers of its data."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerasdl.backend.start import start
from kerasdl.errors import UserError
from kerasdl.small_files import as_written, read_json

if TYPE_CHECKING:
    import keras

    from kerasdl.data import Form
    from kerasdl.tasks import Task


@dataclass(slots=True)
class Finished:
    """A run's model and what it remembers of its data, without the data."""

    model: "keras.Model"
    task: "Task"
    form: "Form"
    about: dict[str, Any]


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

    demand_task(folder)
    about = read_json(folder / "task.json", "run file")
    with as_written(folder / "task.json", "run file"):
        task, form = get_task(about["task"]), Form.from_dict(about)
    return Finished(load_model(folder, compile=False), task, form, about)


def demand_task(folder: Path) -> None:
    """Asks for the plugin that a run's task comes from, where it is no task of kerasdl's own."""
    from kerasdl.plugin.requirements import demand_origin

    file = folder / "task.json"
    if not file.is_file():
        return
    with as_written(file, "run file"):
        about = read_json(file, "run file")
        if origin := about.get("task_plugin"):
            demand_origin(dict(origin), "the run", f"task {about['task']!r}")

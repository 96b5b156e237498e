"""What a run's folder says of the run before it trains."""

import json
from pathlib import Path
from typing import Any

from kerasdl.disk import write_whole
from kerasdl.training.config import RunConfig
from kerasdl.training.run import Run


def describe(run: Run, config: RunConfig) -> None:
    """Writes `config.toml`, `environment.json` and `task.json`."""
    from kerasdl.training.environment import environment

    write_whole(run.folder / "config.toml", config.save)
    write_json(run.folder / "environment.json", environment(config.backend or ""))
    _describe_task(run, config)


def note_resumption(run: Run, config: RunConfig) -> None:
    """Adds to `environment.json` that the run goes on, and with what."""
    from kerasdl.training.environment import environment

    now = environment(config.backend or "")
    path = run.folder / "environment.json"
    try:
        about = json.loads(path.read_text("utf-8"))
        pieces = [*about.get("resumed", ()), now]
    except (OSError, ValueError, AttributeError):  # killed before it was written
        about, pieces = now, []
    write_json(path, {**about, "resumed": pieces})
    _describe_task(run, config)


def _describe_task(run: Run, config: RunConfig) -> None:
    """What the model is used by when the data is gone."""
    from kerasdl.plugin import host
    from kerasdl.plugin.provenance import plugin_origin
    from kerasdl.plugin.targets import find_component

    about = {**run.data.form().to_dict(), "test_time_flip": config.test_time_flip}
    if run.data.task.rpartition(":")[2] in host().catalog.names("task"):
        about["task_plugin"] = plugin_origin(find_component("task", run.data.task)[0].plugin)
    write_json(run.folder / "task.json", about)


def write_json(path: Path, value: Any) -> None:
    """Writes a file that people may read too, whole or not at all."""
    text = json.dumps(value, indent=1, ensure_ascii=False)
    write_whole(path, lambda part: part.write_text(text + "\n", "utf-8"))

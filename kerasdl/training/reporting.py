"""What a run leaves for people to read."""

import json
import warnings
from pathlib import Path
from typing import Any

from kerasdl.disk import write_whole
from kerasdl.training.report import write_report
from kerasdl.training.report.examples import FILE


def about_run(task: Any, data: Any) -> dict[str, Any]:
    """What `results.json` says of the data, and of what said which epoch was best."""
    return {
        "monitor": {"name": task.monitor, "mode": task.monitor_mode},
        "data": {"name": data.name, "source": str(data.source), "license": data.license},
        "samples": {name: len(samples) for name, samples in data.parts.items()},
    }


def report(folder: Path, examples: list[dict[str, Any]]) -> None:
    """Writes `examples.json`, where there are some, and `report.html`.

    A page that cannot be made is a warning: the run is whole without it.
    """
    if examples:
        text = json.dumps({"rows": examples}, indent=1, ensure_ascii=False)
        write_whole(folder / FILE, lambda part: part.write_text(text + "\n", "utf-8"))
    try:
        write_report(folder)
    except Exception as error:
        warnings.warn(
            f"report.html could not be written: {type(error).__name__}: {error}. "
            f"To try again: kerasdl runs show {folder} --html",
            stacklevel=2,
        )

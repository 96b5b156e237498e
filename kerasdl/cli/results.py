"""Printing what a run came to."""

from pathlib import Path
from typing import Any

from kerasdl.cli import output
from kerasdl.small_files import as_written, read_json

_EVENTS_SHOWN = 5


def print_results(folder: Path) -> None:
    """The test split's table and figures, and where everything lies."""
    file = folder / "results.json"
    results = read_json(file, "run file")
    with as_written(file, "run file"):
        _print(results, folder)


def _print(results: dict[str, Any], folder: Path) -> None:
    print()
    if results["table"]:
        output.table(results["table"])
        print()
    split = results.get("measured_on", "test")
    output.pairs(
        {f"{split} {name.replace('_', ' ')}": value for name, value in results["test"].items()}
    )
    output.pairs({f"{name} by": text for name, text in results.get("notes", {}).items()})
    minutes, seconds = divmod(results["seconds"], 60)
    output.pairs(
        {
            "parameters": f"{results['parameters']:,}",
            "training": f"{results['epochs']} epochs in {minutes:.0f} min {seconds:.0f} s",
            "status": "" if results["status"] == "finished" else results["status"],
            "run folder": folder,
        }
    )
    events = results.get("guard", ())
    for event in events[:_EVENTS_SHOWN]:
        output.note(f"guard: {event['text']}")
    if len(events) > _EVENTS_SHOWN:
        output.note(f"guard: {len(events) - _EVENTS_SHOWN} more in results.json")

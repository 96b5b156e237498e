"""Printing what a run came to."""

import json
from pathlib import Path

from kerasdl.cli import output


def print_results(folder: Path) -> None:
    """The test split's table and figures, and where everything lies."""
    results = json.loads((folder / "results.json").read_text("utf-8"))
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
            "run folder": folder,
        }
    )

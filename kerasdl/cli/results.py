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
    output.pairs(
        {f"test {name.replace('_', ' ')}": value for name, value in results["test"].items()}
    )
    minutes, seconds = divmod(results["seconds"], 60)
    output.pairs(
        {
            "parameters": f"{results['parameters']:,}",
            "training": f"{results['epochs']} epochs in {minutes:.0f} min {seconds:.0f} s",
            "run folder": folder,
        }
    )

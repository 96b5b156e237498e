"""Where a benchmark writes what it measured: a table named after versions and hardware."""

import csv
import importlib.metadata
import os
import platform
from pathlib import Path
from typing import Any

from kerasdl import __version__


def write(benchmark: str, rows: list[dict[str, Any]], backend: str = "", note: str = "") -> Path:
    """Writes `results/BENCHMARK-VERSIONS-HARDWARE.csv`, and prints its path.

    Args:
        benchmark: Its name.
        rows: Figures by column.
        backend: The Keras backend, where one was measured.
        note: At the end of the name.
    """
    versions = [f"kerasdl{__version__}"]
    if backend:
        versions.append(f"{backend}{_version(backend)}")
    hardware = f"{os.cpu_count()}core-{platform.machine()}"
    path = Path(__file__).parent / "results"
    path /= "-".join([benchmark, *versions, hardware, *filter(None, [note])]) + ".csv"
    path.parent.mkdir(exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    print(path)
    return path


def _version(backend: str) -> str:
    packages = ("tensorflow", "tensorflow-cpu") if backend == "tensorflow" else (backend,)
    for package in packages:
        try:
            return importlib.metadata.version(package).partition("+")[0]
        except importlib.metadata.PackageNotFoundError:
            continue
    return ""

"""How long a listing takes with 5, 20 and 50 plugins installed, and what the plugins add to it.

Run: python benchmarks/startup.py [RUNS]. Prints medians of whole processes, started in turn, by the
clock and in processor time, which other work on the machine lengthens less; writes
benchmarks/results/startup-VERSION-HARDWARE.csv, with `-loaded` in its name where more was running
than there are processors: then the clock says little.
"""

import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from record import write

from kerasdl.testing.distribution import write_distribution

COUNTS = (0, 5, 20, 50)
COMMANDS = {
    "import kerasdl": ["-c", "import kerasdl"],
    "--help": ["-m", "kerasdl", "--help"],
    "list": ["-m", "kerasdl", "list"],
    "describe many1": ["-m", "kerasdl", "describe", "many1"],
    "plugins list": ["-m", "kerasdl", "plugins", "list"],
}
PLUGIN = """from kerasdl.plugin import Architecture, Field, hookimpl


@hookimpl
def kerasdl_architectures():
    yield Architecture(
        name="many{n}",
        summary="generated",
        tasks=("image-classification", "tabular-classification"),
        builder="many{n}.model:build",
        config=tuple(
            Field(name=f"field{{i}}", type=int, default=i, help="generated") for i in range(8)
        ),
        variants={{f"many{n}-{{i}}": {{"field0": i}} for i in range(6)}},
    )
"""
MODEL = "import keras\n\n\ndef build(config, spec):\n    return keras.Sequential()\n"


def generate(site: Path, count: int) -> None:
    for n in range(1, count + 1):
        files = {
            f"many{n}/__init__.py": "",
            f"many{n}/plugin.py": PLUGIN.format(n=n),
            f"many{n}/model.py": MODEL,
        }
        write_distribution(site, f"kerasdl-many{n}", files, {f"many{n}": f"many{n}.plugin"})


def seconds(arguments: list[str], site: Path) -> tuple[float, float]:
    """By the clock, and of a processor."""
    before, started = os.times(), time.perf_counter()
    subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, "PYTHONPATH": str(site)},
        check=False,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    clock, after = time.perf_counter() - started, os.times()
    spent = after.children_user + after.children_system
    return clock, spent - before.children_user - before.children_system


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    measured: dict[tuple[str, int], list[tuple[float, float]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        sites = {count: Path(folder) / str(count) for count in COUNTS}
        for count, site in sites.items():
            site.mkdir()
            generate(site, count)
            for arguments in COMMANDS.values():
                seconds(arguments, site)  # writes the byte code
        for _ in range(runs):
            for count, site in sites.items():
                for name, arguments in COMMANDS.items():
                    measured.setdefault((name, count), []).append(seconds(arguments, site))
    load, processors = os.getloadavg()[0], os.cpu_count() or 1
    rows = []
    for (name, count), pairs in sorted(measured.items()):
        clock, processor = zip(*pairs, strict=True)
        figures = {
            "median_s": statistics.median(clock),
            "min_s": min(clock),
            "max_s": max(clock),
            "processor_median_s": statistics.median(processor),
            "processor_min_s": min(processor),
        }
        row = {column: f"{figure:.3f}" for column, figure in figures.items()}
        print(
            f"{name:16} {count:3} plugins  median {row['median_s']} s  ({row['min_s']} to "
            f"{row['max_s']}), processor {row['processor_median_s']} s"
        )
        about = {"runs": runs, "load": f"{load:.1f}", "python": platform.python_version()}
        rows.append({"command": name, "plugins": count, **row, **about})
    write("startup", rows, note="loaded" if load > processors + 1 else "")


if __name__ == "__main__":
    main()

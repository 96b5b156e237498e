"""How long a listing takes with 5, 20 and 50 plugins installed, and what the plugins add to it.

Run: python benchmarks/startup.py [RUNS]. Prints medians of whole processes, started in turn, and
writes benchmarks/results/startup-VERSION-HARDWARE.csv.
"""

import csv
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from kerasdl import __version__
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


def seconds(arguments: list[str], site: Path) -> float:
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, "PYTHONPATH": str(site)},
        check=False,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return time.perf_counter() - started


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    measured: dict[tuple[str, int], list[float]] = {}
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
    hardware = f"{os.cpu_count()}core-{platform.machine()}"
    path = Path(__file__).parent / "results" / f"startup-kerasdl{__version__}-{hardware}.csv"
    path.parent.mkdir(exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["command", "plugins", "median_s", "min_s", "max_s", "runs", "python"])
        for (name, count), values in sorted(measured.items()):
            row = [f"{f(values):.3f}" for f in (statistics.median, min, max)]
            writer.writerow([name, count, *row, runs, platform.python_version()])
            print(f"{name:16} {count:3} plugins  median {row[0]} s  ({row[1]} to {row[2]})")
    print(path)


if __name__ == "__main__":
    main()

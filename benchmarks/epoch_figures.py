"""What the learning rate and the gradient's norm in each row of `metrics.csv` cost, in pairs.

    KERAS_BACKEND=jax python benchmarks/epoch_figures.py

Two equal models are trained in turn, an epoch with and an epoch without `EpochFigures` and the
event files, in an order that alternates; the ratio is that of the fastest fifths, of wall time and
of the time that all threads of the process were busy, which says more on a machine that others use.
Writes `benchmarks/results/epoch_figures-*.csv`.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import keras
from record import write

from kerasdl.data.standard_library import python_source
from kerasdl.training import RunConfig
from kerasdl.training.event_files import event_files
from kerasdl.training.figures import EpochFigures
from kerasdl.training.preparing import prepare

HERE = Path(__file__).parent


def configs(folder: Path) -> dict[str, RunConfig]:
    text = folder / "text.txt"
    text.write_text("\n".join(python_source(400_000).values()), "utf-8")
    small = {"layers": 2, "heads": 4, "width": 64, "dropout": 0.0}
    gpt = {"context": 64, "batch_size": 12, "steps": 20, "tokenizer": "characters"}
    return {
        "cnn on digits": RunConfig(architecture="cnn", data="digits", batch_size=32),
        "gpt, 2 x 64": RunConfig(architecture="gpt", data=str(text), fields=small, **gpt),
    }


class Trained:
    """One model, of which an epoch at a time is trained."""

    def __init__(self, config: RunConfig, folder: Path | None) -> None:
        self.model, _, _, self.batches = prepare(config)
        self.callbacks = []
        if folder is not None:
            self.callbacks = [EpochFigures(len(self.batches)), *event_files(folder)]
        self.walls: list[float] = []
        self.busy: list[float] = []

    def epochs(self, count: int) -> None:
        marks: list[tuple[float, float]] = []

        def note(*_: object) -> None:
            marks.append((time.perf_counter(), time.process_time()))

        clock = keras.callbacks.LambdaCallback(on_epoch_begin=note)
        self.model.fit(
            self.batches,
            epochs=count + 2,
            shuffle=False,
            verbose=0,
            callbacks=[clock, *self.callbacks],
        )
        # From one beginning to the next: what happens at an epoch's end counts. The first compiles.
        for before, after in zip(marks[1:], marks[2:], strict=False):
            self.walls.append(after[0] - before[0])
            self.busy.append(after[1] - before[1])


def fast(values: list[float]) -> float:
    """What the fastest fifth stays below: the others waited for somebody else."""
    return statistics.quantiles(values, n=5)[0]


def measured(name: str, config: RunConfig, rounds: int, folder: Path) -> dict:
    plain, watched = Trained(config, None), Trained(config, folder / "logs")
    for number in range(rounds):
        for each in (plain, watched) if number % 2 else (watched, plain):
            each.epochs(12)
    ratios = {
        kind: fast(getattr(watched, kind)) / fast(getattr(plain, kind))
        for kind in ("walls", "busy")
    }
    return {
        "run": name,
        "steps": len(plain.batches),
        "epochs": len(plain.walls),
        "plain_s": round(fast(plain.walls), 4),
        "wall_ratio": round(ratios["walls"], 3),
        "busy_ratio": round(ratios["busy"], 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=6)
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name, config in configs(Path(folder)).items():
            rows.append(measured(name, config, options.rounds, Path(folder)))
            print(rows[-1], flush=True)
    write("epoch_figures", rows, keras.backend.backend())


if __name__ == "__main__":
    main()

"""`kerasdl train --seeds`."""

from typing import Any

from kerasdl.cli import output


def train_repeatedly(config: Any, seeds: int, run_dir: str) -> None:
    """Trains a run for each seed and prints each figure's mean and spread."""
    from kerasdl.training import repeat

    done = repeat(
        config, seeds, run_dir or None, lambda seed, folder: print(f"\n{folder}", flush=True)
    )
    print()
    output.table([_row(name, figure) for name, figure in done.figures.items()])
    print()
    output.pairs({"runs": f"{len(done.seeds)} of {seeds}", "run folders": done.folder})
    for seed, reason in done.failures.items():
        output.note(f"seed {seed} does not count: {reason}")
    if done.interrupted:
        raise KeyboardInterrupt


def _row(name: str, figure: Any) -> dict[str, Any]:
    several = figure.deviation is not None
    return {
        "test": name.replace("_", " "),
        "mean": figure.mean,
        "deviation": figure.deviation if several else "",
        "95 % interval": f"{figure.low:.4f} to {figure.high:.4f}" if several else "",
        "each run": ", ".join(f"{value:.4f}" for value in figure.values),
    }

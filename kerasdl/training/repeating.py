"""The same training with several seeds, and how far its figures can be trusted."""

import json
import math
import shutil
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from kerasdl.errors import UserError
from kerasdl.small_files import read_json
from kerasdl.training.config import RunConfig
from kerasdl.training.folder import claim
from kerasdl.training.records import STOPPED

_CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """One figure over several runs.

    Args:
        mean: Over the runs.
        deviation: Standard deviation (divisor one less than their number); None for one run.
        low: Lower end of the 95 % interval of the mean by Student's t; None for one run.
        high: Its upper end.
        values: The figure of each run.
    """

    mean: float
    deviation: float | None
    low: float | None
    high: float | None
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeated:
    """What came of training with several seeds.

    Args:
        folder: Holds a run's folder for each seed, and `summary.json`.
        seeds: Those whose runs count.
        figures: Each figure of the test split over them.
        failures: Why the others do not, by seed.
        interrupted: Whether somebody broke it off; seeds not begun are in neither list.
    """

    folder: Path
    seeds: tuple[int, ...]
    figures: Mapping[str, Spread]
    failures: Mapping[int, str]
    interrupted: bool = False


def repeat(
    config: RunConfig,
    seeds: int = 5,
    folder: str | Path | None = None,
    begin: Callable[[int, Path], None] | None = None,
) -> Repeated:
    """Trains with the seeds `config.seed`, `config.seed + 1`, …, a run each, one after the other.

    A run that fails, or that its guard has stopped, is told of and does not count; the others go
    on. A mistake in the configuration or the data, which the first run finds, ends it all.

    The seed decides initial weights, order and dropout, and also the splits where the data brings
    none of its own: the spread then is that of other samples too.

    Args:
        config: The configuration of the first run.
        seeds: How many runs.
        folder: Folder of the runs, which must not exist; None makes up `runs/ARCH-DATA-seeds-N`.
        begin: Told seed and folder of each run before it.

    Raises:
        UserError: If `seeds` is not positive, on a mistake in the configuration or the data, or if
            every run failed.
    """
    if isinstance(seeds, bool) or not isinstance(seeds, int) or seeds < 1:
        raise UserError(f"`seeds` must be an integer >= 1. Received: seeds={seeds!r}")
    stem = f"{config.architecture}-{Path(config.data).stem}-seeds".replace(":", "-")
    home = claim(folder, stem)
    found: dict[int, dict[str, float]] = {}
    failures: dict[int, str] = {}
    interrupted = False
    for seed in range(config.seed, config.seed + seeds):
        place = home / f"seed-{seed}"
        if begin is not None:
            begin(seed, place)
        try:
            results = results_of(replace(config, seed=seed), place)
        except KeyboardInterrupt:
            interrupted = True
            break
        except UserError as mistake:
            if seed == config.seed:
                shutil.rmtree(home, ignore_errors=True)
                raise
            failures[seed] = str(mistake)
        except Exception as failure:  # one run's failure is not the others'
            failures[seed] = f"{type(failure).__name__}: {failure}"
        else:
            if results["status"] == STOPPED:
                failures[seed] = f"{STOPPED}; see {place / 'results.json'}"
            else:
                found[seed] = results["test"]
    return _summarized(home, found, failures, interrupted)


def results_of(config: RunConfig, folder: Path) -> dict[str, Any]:
    """The results of a run in `folder`, which is trained, or goes on, unless it has ended already.

    Raises:
        KeyboardInterrupt: If somebody broke it off; half a run is no figure.
    """
    results = folder / "results.json"
    if not results.is_file() or read_json(results, "run file").get("status") == "interrupted":
        from kerasdl.training.carrying_out import resume, train

        begun = (folder / "config.toml").is_file()
        run = resume(folder, config.backend) if begun else train(config, folder)
        if run.status == "interrupted":
            raise KeyboardInterrupt
    return read_json(results, "run file")


def spread(values: Sequence[float]) -> Spread:
    """Mean, standard deviation and the 95 % interval of the mean."""
    mean = statistics.fmean(values)
    if len(values) < 2:
        return Spread(mean=mean, deviation=None, low=None, high=None, values=tuple(values))
    from scipy import stats

    deviation = statistics.stdev(values)
    quantile = float(stats.t.ppf((1 + _CONFIDENCE) / 2, len(values) - 1))
    half = quantile * deviation / math.sqrt(len(values))
    return Spread(
        mean=mean, deviation=deviation, low=mean - half, high=mean + half, values=tuple(values)
    )


def _summarized(
    home: Path,
    found: Mapping[int, Mapping[str, float]],
    failures: Mapping[int, str],
    interrupted: bool,
) -> Repeated:
    if not found and failures:
        raise UserError(f"every run failed, the first: {next(iter(failures.values()))}")
    names = next(iter(found.values()), {})
    figures = {name: spread([float(run[name]) for run in found.values()]) for name in names}
    repeated = Repeated(
        folder=home,
        seeds=tuple(found),
        figures=figures,
        failures=dict(failures),
        interrupted=interrupted,
    )
    plain = asdict(repeated)
    plain.pop("folder")
    (home / "summary.json").write_text(json.dumps(plain, indent=1) + "\n", "utf-8")
    return repeated

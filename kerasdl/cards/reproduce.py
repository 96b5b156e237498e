"""Running a card: one run a seed, and the mean of the last epochs' figures."""

import datetime
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from kerasdl.cards.card import CardFile, Ours, read_card
from kerasdl.errors import UserError
from kerasdl.small_files import as_written, read_json

_OF_TRANSFER = ("weights", "freeze", "layer_decay")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reproduction:
    """What came of running a card.

    Args:
        card: The card.
        ours: The figures, as the card's file would keep them.
        values: The figure of each run.
        baseline: The figure of each run of the baseline, where the card has one.
        folder: Where the runs lie.
    """

    card: CardFile
    ours: Ours
    values: tuple[float, ...]
    folder: Path
    baseline: tuple[float, ...] = ()


def reproduce(
    name: str,
    seeds: int = 1,
    *,
    backend: str | None = None,
    folder: str | Path | None = None,
    record: bool = False,
    begin: Callable[[str], None] | None = None,
) -> Reproduction:
    """Runs a card with seeds 0, 1, ... and gives the mean of the last epochs' test figures.

    Runs that finished in an earlier call are kept, so a call that was broken off goes on with the
    seed it was at.

    Args:
        name: The card.
        seeds: How many runs.
        backend: `jax`, `tensorflow` or `torch`; the card's own otherwise, or the usual choice.
        folder: Folder of the runs, a folder each; `runs/card-NAME` by default.
        record: Whether to append the result to the card's file.
        begin: Told the name of each run before it.

    Raises:
        UserError: If there is no such card, or its data is not here.
    """
    if seeds < 1:
        raise UserError(f"`seeds` must be at least 1. Received: seeds={seeds}")
    card = read_card(name)
    home = Path(folder or f"runs/card-{card.name}")
    runner = _Runner(card, home, backend, begin)
    parts = _parts(card, seeds)
    first = dict(card.run)
    if card.pretrain is not None:
        runner.run("pretrained", card.pretrain)
        first["weights"] = str(home / "pretrained")
    results = [runner.run(part, {**first, **own}) for part, own in parts.items()]
    against = []
    if card.baseline is not None:
        plain = {key: value for key, value in card.run.items() if key not in _OF_TRANSFER}
        against = [
            runner.run(f"{part}-baseline", {**plain, **card.baseline, **own})
            for part, own in parts.items()
        ]
    values, baseline = (runner.figures(found) for found in (results, against))
    ours = Ours(
        value=_mean(values),
        deviation=_deviation(values),
        baseline=_mean(baseline) if baseline else None,
        baseline_deviation=_deviation(baseline),
        seeds=seeds,
        minutes=round(statistics.fmean(result["seconds"] for result in results) / 60, 2),
        **_circumstances(home / next(iter(parts))),
    )
    if record:
        _append(card.path, ours)
    return Reproduction(card=card, ours=ours, values=values, folder=home, baseline=baseline)


def _parts(card: CardFile, seeds: int) -> dict[str, dict[str, Any]]:
    """What each run is called, and what it has of its own."""
    if not card.folds:
        return {f"seed-{seed}": {"seed": seed} for seed in range(seeds)}
    return {
        f"seed-{seed}-fold-{fold}": {"seed": seed, "fold": f"{fold}/{card.folds}"}
        for seed in range(seeds)
        for fold in range(1, card.folds + 1)
    }


@dataclass(frozen=True, slots=True)
class _Runner:
    """Runs what is not there yet."""

    card: CardFile
    home: Path
    backend: str | None
    begin: Callable[[str], None] | None

    def run(self, name: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """The results of the run in the folder `name`."""
        folder = self.home / name
        if self.begin is not None and not (folder / "results.json").is_file():
            self.begin(name)
        from kerasdl.training.config import make_config
        from kerasdl.training.repeating import results_of

        chosen = {"backend": self.backend} if self.backend else {}
        return results_of(make_config({**values, **chosen}), folder)

    def figures(self, results: Sequence[dict[str, Any]]) -> tuple[float, ...]:
        """The card's figure of each."""
        for found in results:
            if self.card.metric not in found["test"]:
                raise UserError(
                    f"card {self.card.name!r}: `metric` must be one of "
                    f"{', '.join(found['test'])}. Received: {self.card.metric!r}"
                )
        return tuple(float(found["test"][self.card.metric]) for found in results)


def _mean(values: Sequence[float]) -> float:
    return round(statistics.fmean(values), 5)


def _deviation(values: Sequence[float]) -> float | None:
    return round(statistics.stdev(values), 5) if len(values) > 1 else None


def _circumstances(folder: Path) -> dict[str, str]:
    file = folder / "environment.json"
    about = read_json(file, "run file")
    with as_written(file, "run file"):
        return {
            "backend": _backend(about),
            "versions": f"kerasdl {about['kerasdl']}, Keras {about['packages']['keras']}",
            "hardware": _hardware(about),
            "date": datetime.date.today().isoformat(),
        }


def _backend(environment: dict[str, Any]) -> str:
    name, packages = environment["backend"], environment["packages"]
    return f"{name} {packages.get(name) or packages.get(f'{name}-cpu', '')}".strip()


def _hardware(environment: dict[str, Any]) -> str:
    """Accelerators if there are any, else how many processors."""
    accelerators = [name for name in environment["devices"] if not name.lower().startswith("cpu")]
    machine = environment["platform"].split("-with-")[0].rsplit("-", 1)[-1]
    return ", ".join(accelerators) or f"{environment['processors']} CPU cores, {machine}"


def _append(path: Path, ours: Ours) -> None:
    import tomli_w

    values = {name: value for name, value in asdict(ours).items() if value is not None}
    text = path.read_text("utf-8").rstrip() + "\n\n[[ours]]\n" + tomli_w.dumps(values)
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        raise UserError(f"the card's file {path} cannot be written: {error.strerror}") from None

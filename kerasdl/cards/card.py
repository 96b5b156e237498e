"""What a card's file says. Reading one imports neither Keras nor a backend."""

import importlib.util
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin

from kerasdl.errors import UserError, did_you_mean
from kerasdl.plugin import Card, host
from kerasdl.plugin.catalog import Provider
from kerasdl.small_files import read_toml


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """Somebody's figure.

    Args:
        value: The figure.
        source: Where it stands: paper and table, or a page's address.
        protocol: On which samples, of which epoch, of how many runs.
    """

    value: float
    source: str
    protocol: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ours:
    """A figure measured with the card, over seeds 0 to `seeds` - 1: always of the last epoch.

    Args:
        value: Mean over the runs: the seeds, and the folds of each.
        deviation: Standard deviation over the runs (divisor one less than their number); None for
            one run.
        seeds: How many seeds.
        backend: `jax`, `tensorflow` or `torch`, with its version.
        versions: Of kerasdl and Keras.
        hardware: What it ran on.
        minutes: Of training, one run's mean.
        date: Day, as `2026-01-31`.
        baseline: The same mean over the runs of the card's baseline, where it has one.
        baseline_deviation: Their standard deviation.
    """

    value: float
    seeds: int
    backend: str
    versions: str
    hardware: str
    minutes: float
    date: str
    deviation: float | None = None
    baseline: float | None = None
    baseline_deviation: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CardFile:
    """A card.

    Args:
        name: Its name.
        summary: One line.
        path: The file.
        plugin: The distribution that brings it.
        metric: Name of the figure among the test split's.
        device: `cpu` or `gpu`: what it is meant for.
        minutes: What one run is expected to take there; None where nobody has seen it.
        run: Values of `kerasdl.training.RunConfig`.
        goal: The figure to reach; the published one by default.
        published: Somebody else's figure, if there is one.
        ours: Figures measured; empty where it was not run.
        pretrain: Values of a run that goes before, once for all seeds, and gives `run` its weights.
        baseline: A second run for each seed to compare with: `run` without those weights,
            `freeze` and `layer_decay`, and with these values instead; None for no comparison.
        folds: Cross-validation: a run for each fold, and the mean over them; 0 for the test split.
        lower_is_better: Whether a lower figure is a better one.
        note: What a reader should know.
    """

    name: str
    summary: str
    path: Path
    plugin: str
    metric: str
    device: str
    run: Mapping[str, Any]
    goal: float
    minutes: float | None = None
    published: Published | None = None
    ours: tuple[Ours, ...] = ()
    pretrain: Mapping[str, Any] | None = None
    baseline: Mapping[str, Any] | None = None
    folds: int = 0
    lower_is_better: bool = False
    note: str = ""

    def reached(self, value: float) -> bool:
        """Whether a figure reaches the goal."""
        return value <= self.goal if self.lower_is_better else value >= self.goal


_KNOWN = (
    *("metric", "device", "minutes", "run", "goal", "published", "ours"),
    *("pretrain", "baseline"),
    *("folds", "lower_is_better", "note"),
)


def list_cards() -> list[CardFile]:
    """Every card that a plugin brings, by name.

    Raises:
        UserError: If a card's file is wrong.
    """
    return [_read(provider) for provider in host().catalog.providers("card")]


def read_card(name: str) -> CardFile:
    """The card of that name, or `distribution:name`.

    Raises:
        UserError: If there is none, or its file is wrong.
    """
    return _read(host().catalog.find("card", name, host().states))


def _read(provider: Provider) -> CardFile:
    record = provider.record
    if not isinstance(record, Card):
        raise TypeError(record)
    path = _path(record)
    values = read_toml(path, f"card {record.name!r}:")
    for key in values:
        if key not in _KNOWN:
            raise UserError(
                f"card {record.name!r}: unknown entry {key!r}.{did_you_mean(key, _KNOWN)}"
            )
    values["published"] = _part(record.name, Published, values.get("published"))
    measured = values.get("ours", [])
    if not isinstance(measured, list):
        raise UserError(f"card {record.name!r}: `ours` must be tables. Received: {measured!r}")
    values["ours"] = tuple(_part(record.name, Ours, entry) for entry in measured)
    if values["published"] is not None:
        values.setdefault("goal", values["published"].value)
    about = {"name": record.name, "summary": record.summary, "path": path}
    return _part(record.name, CardFile, {**about, "plugin": provider.plugin.distribution, **values})


def _part(card: str, cls: type, values: Any) -> Any:
    if values is None:
        return None
    try:
        made = cls(**values)
    except TypeError as error:
        known = ", ".join(entry.name for entry in fields(cls))
        raise UserError(f"card {card!r}: {error}. Entries: {known}") from None
    for entry in fields(cls):
        value = getattr(made, entry.name)
        if not _is(value, entry.type):
            kind = getattr(entry.type, "__name__", entry.type)
            raise UserError(
                f"card {card!r}: `{entry.name}` must be {kind}. Received: {value!r:.100}"
            )
    return made


def _is(value: Any, annotation: Any) -> bool:
    options = get_args(annotation) if isinstance(annotation, UnionType) else (annotation,)
    kinds = tuple(get_origin(option) or option for option in options)
    if isinstance(value, bool):
        return bool in kinds
    if float in kinds and isinstance(value, int | float):
        return math.isfinite(value)  # NaN reaches no goal
    return isinstance(value, kinds)


def _path(record: Card) -> Path:
    package, _, inside = record.file.partition(":")
    spec = importlib.util.find_spec(package)
    homes = (spec and spec.submodule_search_locations) or ()
    for home in homes:
        if (Path(home) / inside).is_file():
            return Path(home) / inside
    raise UserError(f"card {record.name!r}: there is no file {record.file}")

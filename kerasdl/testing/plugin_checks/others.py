"""Data sets, commands and cards of a plugin."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from kerasdl.plugin.types import Card, Command, Dataset
from kerasdl.testing.checks import DoesNotApply, demand
from kerasdl.testing.plugin_checks.result import Result, result
from kerasdl.testing.plugin_checks.target import target


def check_dataset(record: Dataset) -> Iterator[Result]:
    """Whether it loads, the same each time, and fits a task that its record names."""
    label = f"data set {record.name}"
    loaded: list[Any] = []

    def load() -> None:
        if record.network:
            raise DoesNotApply("its first use downloads")
        loaded.append(_loaded(record.name))

    yield result(label, "data_loads", load)
    if loaded:
        data = loaded[0]
        yield result(label, "task_is_named", lambda: _demand_task(record, data))
        yield result(label, "samples_are_sound", lambda: _demand_samples(data))
        yield result(label, "loads_the_same", lambda: _demand_same(data, _loaded(record.name)))


def _loaded(name: str) -> Any:
    from kerasdl.data import load

    return load(name)


def _demand_task(record: Dataset, data: Any) -> None:
    demand(
        data.task in record.tasks,
        f"the data is for {data.task}, the record names {', '.join(record.tasks)}",
    )


def _demand_samples(data: Any) -> None:
    demand(len(data.train), "there is no training sample")
    for side, values in (("inputs", data.train.x), ("targets", data.train.y)):
        array = np.asarray(values) if values is not None else np.zeros(0)
        if array.dtype.kind == "f":
            demand(np.isfinite(array).all(), f"{side} hold NaN or infinity")
    if data.train.y is not None:
        demand(len(data.train.y) == len(data.train.x), "inputs and targets differ in number")


def _demand_same(first: Any, second: Any) -> None:
    for side in ("x", "y"):
        one, other = getattr(first.train, side), getattr(second.train, side)
        demand(
            np.array_equal(np.asarray(one, object), np.asarray(other, object)),
            f"a second loading gives other {side}",
        )


def check_command(record: Command) -> Iterator[Result]:
    """Whether it can be imported and `--help` tells what it does."""
    label = f"command {record.name}"
    yield result(label, "imports", lambda: demand(callable(target(record)), "no callable"))
    yield result(label, "help_works", lambda: _demand_help(record))


def _demand_help(record: Command) -> None:
    import typer
    from typer.testing import CliRunner

    app = found = target(record)
    if not isinstance(found, typer.Typer):
        app = typer.Typer()
        app.command(record.name)(found)
    done = CliRunner().invoke(app, ["--help"])
    demand(done.exit_code == 0, f"--help ends with {done.exit_code}: {done.output.strip()}")


def check_card(record: Card) -> Iterator[Result]:
    """Whether its file can be read and what it runs is known."""
    label = f"card {record.name}"
    yield result(label, "card_reads", lambda: _demand_card(record.name))


def _demand_card(name: str) -> None:
    from kerasdl.cards import read_card
    from kerasdl.plugin import host

    card = read_card(name)
    host().architecture(card.run["architecture"])

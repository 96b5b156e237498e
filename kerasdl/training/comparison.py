"""Runs beside one another."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kerasdl.disk import write_whole
from kerasdl.errors import UserError
from kerasdl.training.differences import between
from kerasdl.training.records import RunRecord, lower_is_better, read_record


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What runs came to, and in what they differ; values in the order of the runs.

    Args:
        records: The runs.
        names: How each is called: by its folder's name where these differ, else by its path.
        figures: Final figures by name; None where a run has none of that name.
        settings: Settings that differ, the architecture's fields as `set NAME`.
    """

    records: list[RunRecord]
    names: list[str]
    figures: dict[str, list[Any]]
    settings: dict[str, list[Any]]

    def best(self, figure: str) -> str | None:
        """Which run has the best of a figure; None where less than two have it, or all the same."""
        known = [
            (value, name)
            for value, name in zip(self.figures[figure], self.names, strict=True)
            if isinstance(value, float) and value == value
        ]
        if len({value for value, _ in known}) < 2:
            return None
        choose = min if lower_is_better(figure) else max
        return choose(known, key=lambda pair: pair[0])[1]

    def draw(self, path: str | Path) -> Path:
        """Draws the curves of all runs over one another.

        Raises:
            UserError: If no run has curves, or the picture cannot be written.
        """
        from kerasdl.plots import compared_curves

        path = Path(path)
        curves = dict(zip(self.names, (each.history for each in self.records), strict=True))
        curves = {name: history for name, history in curves.items() if history}
        if not curves:
            raise UserError("none of these runs has a metrics.csv that holds an epoch")
        write_whole(path, lambda part: compared_curves(curves, part))
        return path


def compare(runs: Sequence[str | Path]) -> Comparison:
    """Sets runs beside one another, from their folders alone.

    Args:
        runs: Two folders or more.

    Raises:
        UserError: If there are fewer, or a folder is no run.
    """
    if len(runs) < 2:
        raise UserError(f"a comparison needs two runs or more. Received: {len(runs)}")
    records = [read_record(run) for run in runs]
    short = [record.name for record in records]
    names = short if len(set(short)) == len(short) else [str(record.folder) for record in records]
    if len(set(names)) < len(names):
        raise UserError(f"a run stands there twice. Received: {', '.join(map(str, runs))}")
    known = dict.fromkeys(name for record in records for name in record.figures)
    return Comparison(
        records=records,
        names=names,
        figures={name: [record.figures.get(name) for record in records] for name in known},
        settings=between([record.config for record in records]),
    )

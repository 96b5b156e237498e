"""An architecture of a plugin: all rules at its first task, the basic ones at the others."""

from collections.abc import Collection, Iterator

from kerasdl.errors import UserError
from kerasdl.plugin import Architecture
from kerasdl.testing.architecture import ARCHITECTURE_CHECKS
from kerasdl.testing.architecture_case import ArchitectureCase
from kerasdl.testing.plugin_checks.result import Result, result
from kerasdl.testing.specs import small_spec

_BASIC = (
    "builds",
    "symbolic_matches_eager",
    "finite_output",
    "batch_of_one",
    "padding_changes_nothing",
    "later_tokens_change_nothing",
    "every_variable_has_gradient",
)


def check_architecture_record(record: Architecture, only: Collection[str] = ()) -> Iterator[Result]:
    """The results of `ARCHITECTURE_CHECKS`, or of `only` some, at the record's small config."""
    yield from _results(record.name, record, ArchitectureCase(record.name), only)
    basic = [name for name in _BASIC if not only or name in only]
    for task in record.tasks[1:] if basic else ():
        try:
            spec = small_spec(task)
        except UserError:
            continue
        case = ArchitectureCase(record.name, spec=spec, config=record.small)
        for found in _results(f"{record.name} ({task})", record, case, basic):
            if found.outcome != "skipped":
                yield found


def _results(
    label: str, record: Architecture, case: ArchitectureCase, only: Collection[str] = ()
) -> Iterator[Result]:
    broken = ""
    for check in ARCHITECTURE_CHECKS:
        if only and check.name not in only:
            continue
        if broken:
            yield Result(label, check.name, "skipped", 0.0, broken)
            continue
        known = record.known_failures.get(check.name, "")
        found = result(
            label, check.name, lambda check=check: check("check_architecture", case), known
        )
        if check.name == "builds" and found.outcome == "failed":
            broken = "it does not build"
        yield found

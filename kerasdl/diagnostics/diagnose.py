"""The checklist before a training."""

from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import TYPE_CHECKING

from kerasdl.diagnostics.finding import Finding
from kerasdl.errors import UserError, did_you_mean

if TYPE_CHECKING:
    from kerasdl.diagnostics.subject import Subject

CHECKS = {
    "inputs": "inputs",
    "initial-loss": "initial_loss",
    "units": "units",
    "gradient-norms": "gradient_norms",
    "gradient-check": "gradient_check",
    "few-samples": "few_samples",
    "learning-rate": "learning_rate",
    "short-run": "short_run",
}
"""Modules of `kerasdl.diagnostics.checks` by name, in the order of a careful beginning."""


def diagnose(subject: "Subject", only: Sequence[str] = ()) -> Iterator[Finding]:
    """Runs the checks, and gives their findings one by one as they come.

    Args:
        subject: Model and data.
        only: Names of checks; all without.

    Raises:
        UserError: If there is no check of a name.
    """
    for name in chosen(only):
        module = import_module(f"kerasdl.diagnostics.checks.{CHECKS[name]}")
        found = getattr(module, CHECKS[name])(subject)
        yield from [found] if isinstance(found, Finding) else found


def chosen(only: Sequence[str]) -> list[str]:
    """The names of the checks that are to be run, in their order.

    Raises:
        UserError: If there is no check of a name.
    """
    for name in only:
        if name not in CHECKS:
            raise UserError(f"there is no check {name!r}.{did_you_mean(name, CHECKS)}")
    return [name for name in CHECKS if not only or name in only]

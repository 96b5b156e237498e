"""A check: a small named function that raises when a component breaks a rule."""

import contextlib
import inspect
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from kerasdl.errors import UserError, did_you_mean


class DoesNotApply(Exception):
    """Raised by a check that has nothing to look at here; the message says why."""


class Case(Protocol):
    """What a check looks at: a component and how to make and call it."""

    def describe(self) -> str:
        """The component in one line, for failure messages."""
        ...


@dataclass(frozen=True, slots=True)
class Check:
    """One rule.

    Args:
        name: Name of the function; what `skip` and `only` take.
        rule: The rule in one sentence.
        reproduce: Code that shows the failure, with `make` and the inputs as the check's caller
            gave them.
        function: Takes a case and raises if the rule is broken.
    """

    name: str
    rule: str
    reproduce: str
    function: Callable[[Any], None]

    @classmethod
    def of(cls, function: Callable[[Any], None]) -> "Check":
        """Reads rule (first line) and code (after `Reproduce:`) from the function's docstring."""
        text = inspect.getdoc(function) or function.__name__
        rule, _, rest = text.partition("\n")
        code = " ".join(rest.partition("Reproduce:")[2].split())
        return cls(function.__name__, rule.strip(), code, function)

    def __call__(self, entry: str, case: Case) -> None:
        """Runs the check on `case`.

        Raises:
            AssertionError: If the rule is broken, or the component raised; names check,
                component, and what reproduces it.
            DoesNotApply: If there is nothing to look at.
        """
        __tracebackhide__ = True  # pytest shows the caller, and the failure below it
        try:
            self.function(case)
        except DoesNotApply:
            raise
        except Exception as error:
            found = str(error)
            if not isinstance(error, AssertionError):
                found = f"{type(error).__name__}: {found}"
            lines = [
                f"{entry}: check `{self.name}` failed for {case.describe()}",
                f"  rule: {self.rule}",
                "  found: " + found.strip().replace("\n", "\n    "),
            ]
            lines += [f"  reproduce: {self.reproduce}"] if self.reproduce else []
            lines.append(f'  this check alone: {entry}(..., only=["{self.name}"])')
            raise AssertionError("\n".join(lines)) from error


def collect(*functions: Callable[[Any], None]) -> tuple[Check, ...]:
    """The checks of these functions, in order: the first to fail is the nearest to the cause."""
    return tuple(Check.of(function) for function in functions)


def selected(
    checks: Iterable[Check], skip: Collection[str] = (), only: Collection[str] | None = None
) -> list[Check]:
    """The checks to run.

    Args:
        checks: All checks of a kind.
        skip: Names left out; a mapping `{name: reason}` does too.
        only: If given, the only names run.

    Raises:
        UserError: If a name is unknown.
    """
    checks = list(checks)
    names = [check.name for check in checks]
    for argument, given in (("skip", skip), ("only", only or ())):
        if isinstance(given, str):
            raise UserError(f"`{argument}` must be a list of names. Received: {argument}={given!r}")
        for name in given:
            if name not in names:
                raise UserError(
                    f"`{argument}` must hold names of checks. Received: {name!r}."
                    f"{did_you_mean(name, names)} Checks: {', '.join(names)}"
                )
    return [
        check for check in checks if check.name not in skip and (only is None or check.name in only)
    ]


def run(entry: str, checks: Iterable[Check], case: Case) -> None:
    """Runs the checks that apply, in order; the first failure is raised."""
    __tracebackhide__ = True
    for check in checks:
        with contextlib.suppress(DoesNotApply):
            check(entry, case)


def demand(condition: Any, message: str) -> None:
    """Raises `AssertionError(message)` unless `condition` holds, under `python -O` too."""
    if not condition:
        raise AssertionError(message)

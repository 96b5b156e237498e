"""What became of one check of one record."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from kerasdl.testing.checks import DoesNotApply

Outcome = Literal["passed", "failed", "skipped"]
_CHECK = re.compile(r"check `(\w+)` failed")


@dataclass(frozen=True, slots=True)
class Result:
    """One line of the table.

    Attributes:
        record: What was checked: `gpt`, or `gpt (language-modelling)`.
        check: Name of the rule.
        outcome: `passed`, `failed` or `skipped`.
        seconds: It took.
        found: What is wrong, or why it was skipped.
        reproduce: The shortest code that shows a failure.
    """

    record: str
    check: str
    outcome: Outcome
    seconds: float
    found: str = ""
    reproduce: str = ""


def result(record: str, check: str, function: Callable[[], None], known: str = "") -> Result:
    """Runs a check.

    Args:
        record: What is checked.
        check: Name of the rule.
        function: Raises AssertionError or DoesNotApply.
        known: Why it is known to fail; then a failure counts as skipped, and passing as a failure.
    """
    started = time.perf_counter()
    outcome: Outcome = "passed"
    found = reproduce = ""
    try:
        function()
    except DoesNotApply as reason:
        outcome, found = "skipped", str(reason)
    except Exception as error:
        outcome = "failed"
        check, found, reproduce = _told(check, error)
    if known and outcome == "failed":
        outcome, found, reproduce = "skipped", f"known: {known}", ""
    elif known and outcome == "passed":
        outcome, found = "failed", f"passes, though the record knows it to fail: {known}"
    return Result(record, check, outcome, time.perf_counter() - started, found, reproduce)


def _told(check: str, error: Exception) -> tuple[str, str, str]:
    """Name, finding and code from the message of a check, or from any other exception."""
    text = str(error)
    if not isinstance(error, AssertionError):
        return check, f"{type(error).__name__}: {text}", ""
    named = _CHECK.search(text)
    parts = {
        key: value
        for key, _, value in (line.strip().partition(": ") for line in text.splitlines()[1:])
    }
    return named[1] if named else check, parts.get("found", text), parts.get("reproduce", "")

"""What a check says."""

from dataclasses import dataclass

from kerasdl.errors import UserError

VERDICTS = ("ok", "warning", "problem", "not applicable")
"""From nothing to do to something that must be done; the last where a check has nothing to say."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found.

    Args:
        check: Name of the check.
        verdict: `ok`, `warning`, `problem`, or `not applicable`.
        evidence: What was measured, in a sentence with its figures.
        advice: What to do about it; empty where nothing is to be done.

    Raises:
        UserError: If the verdict is none of these.

    Example:
        >>> Finding("oscillation", "ok", "the loss goes down from epoch to epoch").is_bad
        False
    """

    check: str
    verdict: str
    evidence: str
    advice: str = ""

    def __post_init__(self) -> None:
        if self.verdict not in VERDICTS:
            raise UserError(
                f"`verdict` must be one of {', '.join(VERDICTS)}. Received: {self.verdict!r}"
            )

    @property
    def is_bad(self) -> bool:
        """Whether something should be done: a warning or a problem."""
        return self.verdict in ("warning", "problem")

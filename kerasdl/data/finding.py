"""One thing that a look at data has found."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that a look at data has found.

    Args:
        check: Which check found it: `constant`, `imbalance`, `duplicates`, ….
        level: `warning`: a network will suffer from it or its figures mislead; `note`: worth
            knowing, and taken care of.
        message: One sentence.
        advice: What to do, or what is done about it.
        evidence: Counts, first examples (counted from 0), figures.
    """

    check: str
    level: str
    message: str
    advice: str
    evidence: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Plain values that JSON can hold."""
        return asdict(self)

    def __str__(self) -> str:
        return f"{self.message}. {self.advice}."

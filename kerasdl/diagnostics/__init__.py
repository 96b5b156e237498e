"""What is wrong with a training, before it is long, and afterwards from its curves."""

from typing import TYPE_CHECKING, Any

from kerasdl.diagnostics.advise import advise
from kerasdl.diagnostics.diagnose import CHECKS, diagnose
from kerasdl.diagnostics.finding import Finding

if TYPE_CHECKING:
    from kerasdl.diagnostics.subject import Subject

__all__ = ["CHECKS", "Finding", "Subject", "advise", "diagnose"]


def __getattr__(name: str) -> Any:
    if name == "Subject":  # curves are read without Keras
        from kerasdl.diagnostics.subject import Subject

        return Subject
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

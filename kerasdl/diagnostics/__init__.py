"""What is wrong with a training, before it is long, and afterwards from its curves."""

from kerasdl.diagnostics.advise import advise
from kerasdl.diagnostics.finding import Finding

__all__ = ["Finding", "advise"]

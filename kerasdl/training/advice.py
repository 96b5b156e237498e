"""What the curves of a run say."""

import math

from kerasdl.diagnostics import Finding, advise
from kerasdl.training.records import RunRecord

_CLASSES = ("image-classification", "tabular-classification", "text-classification")


def advice(record: RunRecord) -> list[Finding]:
    """The findings of a run's curves, whether it has ended or not; its data is not needed."""
    monitor, mode = _monitor(record)
    return advise(record.history, monitor, mode, chance=_chance(record))


def _monitor(record: RunRecord) -> tuple[str, str]:
    said = record.results.get("monitor")
    if isinstance(said, dict) and said.get("mode") in ("min", "max"):
        return str(said.get("name")), str(said["mode"])
    return "val_loss", "min"


def _chance(record: RunRecord) -> float | None:
    """The loss of one who guesses, where that is plain to see."""
    labels = record.task.get("labels")
    config = record.config
    usual = not any(config.get(name) for name in ("loss", "mix", "regularizer", "label_smoothing"))
    if usual and record.task.get("task") in _CLASSES and isinstance(labels, list) and labels[1:]:
        return math.log(len(labels))
    return None

"""What the curves of a run say."""

import math

from kerasdl.diagnostics import Finding, advise
from kerasdl.training.records import STOPPED, RunRecord

_SHOWN = 3
_CLASSES = ("image-classification", "tabular-classification", "text-classification")


def advice(record: RunRecord) -> list[Finding]:
    """The findings of a run's curves, whether it has ended or not; its data is not needed.

    What the guard did comes first.
    """
    monitor, mode = _monitor(record)
    return [*_guarded(record), *advise(record.history, monitor, mode, chance=_chance(record))]


def _guarded(record: RunRecord) -> list[Finding]:
    events = record.results.get("guard")
    events = events if isinstance(events, list) else []
    events = [event for event in events if isinstance(event, dict) and event.get("text")]
    if not events:
        return []
    said = "; ".join(str(event["text"]) for event in events[:_SHOWN])
    if len(events) > _SHOWN:
        said += f"; {len(events) - _SHOWN} more in results.json"
    spikes = all(event.get("kind") == "spike" for event in events)
    return [
        Finding(
            "guard",
            "problem" if record.status == STOPPED else "warning",
            said,
            "Lower the learning rate, warm it up, or clip gradients."
            if spikes
            else "Lower the learning rate tenfold, look for a log or a division of zero.",
        )
    ]


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

"""A run: its configuration, its folder, and the training itself.

Names are loaded when they are first touched: listing runs needs no more than their files.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kerasdl.training.carrying_out import resume, train
    from kerasdl.training.config import RunConfig
    from kerasdl.training.memory import train_within_memory
    from kerasdl.training.records import RunRecord, find_runs, read_record
    from kerasdl.training.repeating import Repeated, Spread, repeat
    from kerasdl.training.report import write_report
    from kerasdl.training.run import Run, load_run

_HOMES = {
    "Repeated": "repeating",
    "Run": "run",
    "RunConfig": "config",
    "RunRecord": "records",
    "Spread": "repeating",
    "find_runs": "records",
    "load_run": "run",
    "read_record": "records",
    "repeat": "repeating",
    "resume": "carrying_out",
    "train": "carrying_out",
    "train_within_memory": "memory",
    "write_report": "report",
}

__all__ = [
    "Repeated",
    "Run",
    "RunConfig",
    "RunRecord",
    "Spread",
    "find_runs",
    "load_run",
    "read_record",
    "repeat",
    "resume",
    "train",
    "train_within_memory",
    "write_report",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

"""The checklist before a training."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from kerasdl.backend.start import start
from kerasdl.diagnostics import Finding, diagnose
from kerasdl.diagnostics.diagnose import chosen
from kerasdl.training.config import RunConfig

if TYPE_CHECKING:
    from kerasdl.diagnostics import Subject


def diagnose_config(
    config: RunConfig,
    only: Sequence[str] = (),
    png: str | Path | None = None,
    seconds: float = 15.0,
) -> Iterator[Finding]:
    """What the checks say of a training before it is begun, one finding after the other.

    Args:
        config: Of the training.
        only: Names of checks (`kerasdl.diagnostics.CHECKS`); all without.
        png: Where the picture of the learning rates goes; None for none.
        seconds: The longest that a check trains.

    Raises:
        UserError: On a mistake in the configuration or the data, or an unknown check.
    """
    names = chosen(only)
    yield from diagnose(subject_of(config, png, seconds), names)


def subject_of(
    config: RunConfig, png: str | Path | None = None, seconds: float = 15.0
) -> "Subject":
    """The model of a configuration, its data and its batches, for checks.

    Its rate is the peak of the schedule, without averages of weights or rates by layer.
    """
    config = replace(config, backend=start(config.backend).name)
    from kerasdl.diagnostics import Subject
    from kerasdl.training.preparing import prepare

    plain = replace(config, schedule="constant", ema=None, layer_decay=None)
    model, data, task, batches = prepare(plain)
    return Subject(model, data, task, batches, None if png is None else Path(png), seconds)

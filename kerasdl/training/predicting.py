"""Predictions of a finished run for new inputs."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from kerasdl.errors import UserError
from kerasdl.training.finished import Finished, open_finished


def predict(
    folder: str | Path,
    paths: Sequence[str],
    backend: str | None = None,
    beams: int | None = None,
    length_penalty: float | None = None,
    coverage_penalty: float | None = None,
    n_best: int | None = None,
) -> list[dict[str, Any]]:
    """Predictions of a run for raw inputs from files, or texts; its training data is not needed.

    Args:
        folder: Of the run.
        paths: Files or folders of inputs; for a run on texts also texts.
        backend: `jax`, `tensorflow` or `torch`.
        beams: Texts followed at a time, for a run that writes; 1 is greedy.
        length_penalty: Above 0 longer texts are preferred, for a run that writes.
        coverage_penalty: Above 0 texts lose that leave parts of the input unattended.
        n_best: Texts for each input, best first, with their scores.

    Raises:
        UserError: If the folder is no run or a file does not fit it.
    """
    run = open_finished(folder, backend)
    wishes = {
        "width": beams,
        "length_penalty": length_penalty,
        "coverage_penalty": coverage_penalty,
        "n_best": n_best,
    }
    _choose_strategy(run, {name: value for name, value in wishes.items() if value is not None})
    from kerasdl.data import Samples

    x, names = run.form.inputs.read(paths)
    flip = run.about.get("test_time_flip", False)
    outputs = run.task.outputs(Samples(x), run.model, run.form, flip)
    return run.task.present(outputs, run.model, run.form, names, x)


def _choose_strategy(run: Finished, wishes: dict[str, Any]) -> None:
    if not wishes:
        return
    from kerasdl.tasks.written import WritingTask

    if not isinstance(run.task, WritingTask):
        raise UserError(
            "beams, penalties and `n_best` are for runs that write, translations and captions. "
            f"Received: a run on {run.form.task}"
        )
    run.task.strategy = replace(run.task.strategy, **wishes)

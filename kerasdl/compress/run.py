"""A finished run made smaller."""

import dataclasses
import json
import shutil
import statistics
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kerasdl.backend.start import quiet
from kerasdl.disk import write_whole
from kerasdl.errors import UserError
from kerasdl.training.config import make_config
from kerasdl.training.folder import claim, discarded_unless

if TYPE_CHECKING:
    from kerasdl.compress.dead_unit_report import LayerReport
    from kerasdl.training import Run, RunConfig

_KEPT = ("config.toml", "environment.json", "task.json")
_ROUNDS = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Compressed:
    """What became of a run.

    Args:
        folder: The smaller model's own run folder.
        layers: What went, layer by layer.
        figures: The test split's, by model: `before` and `after`.
        parameters: Numbers of them, by model.
        milliseconds: Median time to predict one batch, by model, timed in turn.
    """

    folder: Path
    layers: "list[LayerReport]"
    figures: dict[str, dict[str, float]]
    parameters: dict[str, int]
    milliseconds: dict[str, float]


def compress_run(
    run: str | Path,
    *,
    threshold: float = 0.0,
    epochs: int = 0,
    keep: bool = False,
    folder: str | Path | None = None,
    backend: str | None = None,
) -> Compressed:
    """Removes the units of a run's model that no output depends on; the run stays as it is.

    Args:
        run: Folder of a finished run.
        threshold: Weights of at most this size count as zero; see `remove_dead_units`.
        epochs: Epochs that the smaller model is trained further, without penalties on its weights,
            with the rest of the run's configuration.
        keep: Whether layers that are not supported stay as they are, or are an error.
        folder: Folder for the smaller model; must not exist. `RUN-smaller` by default.
        backend: `jax`, `tensorflow` or `torch`.

    Raises:
        UserError: If the folder is no run, or its model has an unsupported structure.
    """
    from kerasdl.training import load_run

    if epochs < 0:
        raise UserError(f"`epochs` must be at least 0. Received: epochs={epochs}")
    before = load_run(run, backend)
    from kerasdl.compress.dead_unit_report import dead_unit_report
    from kerasdl.compress.remove_dead_units import remove_dead_units

    with quiet():  # Keras imports TensorFlow, where installed, to read a model's config
        smaller = remove_dead_units(before.model, threshold, "keep" if keep else "raise")
    layers = dead_unit_report(before.model, threshold)
    target = claim(folder or f"{Path(run)}-smaller", "")
    with discarded_unless(target, "compression.json"):
        after = dataclasses.replace(before, model=smaller, folder=target)
        _train_on(after, make_config(before.config), epochs)
        result = Compressed(
            folder=target,
            layers=layers,
            figures={"before": before.evaluate().figures, "after": after.evaluate().figures},
            parameters={"before": before.model.count_params(), "after": smaller.count_params()},
            milliseconds=_race(before, after),
        )
        for name in _KEPT:
            shutil.copy2(Path(run) / name, target / name)
        write_whole(target / "model.keras", smaller.save)
        about = {
            "run": str(run),
            "threshold": threshold,
            "epochs": epochs,
            "layers": {entry.name: [entry.units, entry.removable] for entry in layers},
            "test": result.figures,
            "parameters": result.parameters,
            "milliseconds": result.milliseconds,
        }
        text = json.dumps(about, indent=1) + "\n"
        write_whole(target / "compression.json", lambda part: part.write_text(text, "utf-8"))
    return result


def _train_on(run: "Run", config: "RunConfig", epochs: int) -> None:
    """The weights that are left take over what the small ones did."""
    from kerasdl.regularizers import apply_regularizer
    from kerasdl.training.fitting import compile_model, fit

    apply_regularizer(run.model, None)
    config = dataclasses.replace(config, epochs=max(epochs, 1), regularizer=None, patience=None)
    batches = compile_model(run.model, config, run.task, run.data)
    run.model.optimizer.build(run.model.trainable_variables)  # saved whole, trained or not
    if epochs:
        fit(run, config, batches)


def _race(before: "Run", after: "Run") -> dict[str, float]:
    """Medians of predicting one batch, A B A B."""
    x = before.samples("test").x[:256]
    times: dict[str, list[float]] = {"before": [], "after": []}
    for _ in range(_ROUNDS + 1):
        for name, run in (("before", before), ("after", after)):
            start = time.perf_counter()
            run.model.predict_on_batch(x)
            times[name].append(1000 * (time.perf_counter() - start))
    # The first of each is compiled.
    return {name: statistics.median(values[1:]) for name, values in times.items()}

"""`kerasdl diagnose ARCH --data D`, `kerasdl diagnose RUN`."""

import textwrap
from pathlib import Path
from typing import Any

import typer

from kerasdl.cli import declarations as opt
from kerasdl.cli import options, output

_WIDTH = 100


def diagnose(
    subject: str = typer.Argument("", help="Architecture or variant, or the folder of a run."),
    data: opt.Data = "",
    task: opt.Task = "",
    target: opt.Target = "",
    image_size: opt.ImageSize = "",
    set_: opt.Set = None,
    preprocessing: opt.Preprocessing = "",
    tokenizer: opt.Tokenizer = "",
    target_tokenizer: opt.TargetTokenizer = "",
    context: opt.Context = None,
    target_context: opt.TargetContext = None,
    horizon: opt.Horizon = None,
    batch_size: opt.BatchSize = None,
    learning_rate: opt.LearningRate = None,
    optimizer: opt.Optimizer = "",
    loss: opt.Loss = "",
    regularizer: opt.Regularizer = "",
    weight_decay: opt.WeightDecay = None,
    label_smoothing: opt.LabelSmoothing = None,
    validation: opt.Validation = None,
    seed: opt.Seed = None,
    backend: opt.Backend = "",
    config: str = typer.Option(
        "", "--config", metavar="FILE", help="Take the settings from a config.toml."
    ),
    from_: opt.From = "",
    only: list[str] = typer.Option([], metavar="CHECK", help="Run this check alone (repeatable)."),
    seconds: float = typer.Option(15.0, min=0.0, help="The longest that a check trains."),
    png: str = typer.Option("", metavar="FILE", help="Draw the test of learning rates."),
    json: opt.Json = False,
) -> None:
    """Check a network and its data before training, or a run's curves."""
    from kerasdl.diagnostics.diagnose import chosen
    from kerasdl.errors import UserError

    chosen(only)
    if Path(subject).is_dir() and subject:
        from kerasdl.training.advice import advice
        from kerasdl.training.records import read_record

        if data or only:
            raise UserError(f"`--data` and `--only` are for an architecture. Received: {subject!r}")
        record = read_record(subject)
        if not record.history:
            raise UserError("; ".join([f"{subject} has no epoch yet", *record.faults]))
        _show(advice(record), json)
        return
    from kerasdl.cli.run_config import run_config
    from kerasdl.training.diagnosing import diagnose_config

    given: dict[str, Any] = {
        "architecture": subject,
        "data": data,
        "task": task,
        "target": options.columns(target),
        "image_size": options.size(image_size),
        "preprocessing": preprocessing,
        "tokenizer": tokenizer,
        "target_tokenizer": target_tokenizer,
        "context": context,
        "target_context": target_context,
        "horizon": horizon,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "optimizer": optimizer,
        "loss": loss,
        "regularizer": regularizer,
        "weight_decay": weight_decay,
        "label_smoothing": label_smoothing,
        "validation": validation,
        "seed": seed,
        "backend": backend,
        "weights": from_,
    }
    made = run_config(given, options.settings(set_), config)
    _show(diagnose_config(made, only, png or None, seconds), json)


def _show(findings: Any, json: bool) -> None:
    """Findings as they come, or all of them as JSON."""
    import dataclasses

    seen = []
    for found in findings:
        seen.append(found)
        if not json:
            _print(found)
    if json:
        output.as_json([dataclasses.asdict(found) for found in seen])
        return
    bad = [found.check for found in seen if found.is_bad]
    print(f"\nto be done: {', '.join(bad)}" if bad else "\nnothing to be done")


def _print(found: Any) -> None:
    verdict = "-" if found.verdict == "not applicable" else found.verdict
    head = f"{verdict:<8} {found.check:<15} "
    blank = " " * len(head)
    lines = {"initial_indent": head, "subsequent_indent": blank, "width": _WIDTH}
    print(textwrap.fill(found.evidence, **lines, break_on_hyphens=False), flush=True)
    if found.advice:
        lines |= {"initial_indent": blank + "-> ", "subsequent_indent": blank + "   "}
        print(textwrap.fill(found.advice, **lines, break_on_hyphens=False), flush=True)

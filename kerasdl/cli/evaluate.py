"""`kerasdl evaluate RUN`."""

import typer

from kerasdl.cli import declarations as opt
from kerasdl.cli import output


def evaluate(
    run: str = typer.Argument(help="Run folder."),
    split: str = typer.Option("test", help="train, validation or test."),
    backend: opt.Backend = "",
    json: opt.Json = False,
) -> None:
    """Measure a run's model on a split of its data."""
    from kerasdl.training import load_run

    evaluation = load_run(run, backend or None).evaluate(split)
    if json:
        output.as_json({"split": split, "figures": evaluation.figures, "table": evaluation.table})
        return
    if evaluation.table:
        output.table(evaluation.table)
        print()
    output.pairs({f"{split} {name.replace('_', ' ')}": v for name, v in evaluation.figures.items()})
    output.pairs({f"{name} by": text for name, text in evaluation.notes.items()})

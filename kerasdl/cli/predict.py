"""`kerasdl predict RUN INPUT…`."""

import typer

from kerasdl.cli import declarations as opt
from kerasdl.cli import output


def predict(
    run: str = typer.Argument(help="Run folder."),
    inputs: list[str] = typer.Argument(help="Files or folders of raw inputs, or texts."),
    beams: int = typer.Option(None, help="Texts followed at a time, where it writes; 1: greedy."),
    length_penalty: float = typer.Option(None, help="Above 0 longer texts are preferred."),
    coverage_penalty: float = typer.Option(None, help="Above 0 none of the input may be left out."),
    n_best: int = typer.Option(None, help="Texts for each input, with their scores."),
    backend: opt.Backend = "",
    json: opt.Json = False,
) -> None:
    """Predict: classes, labels, values, forecasts, translations, captions."""
    from kerasdl.training.predicting import predict as predict_room

    rows = predict_room(
        run, inputs, backend or None, beams, length_penalty, coverage_penalty, n_best
    )
    output.as_json(rows) if json else output.table(rows)

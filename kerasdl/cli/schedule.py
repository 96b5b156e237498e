"""`kerasdl schedule EXPRESSION`."""

import typer

from kerasdl.cli import declarations as opt
from kerasdl.cli import output

_BAR = 30


def schedule(
    expression: str = typer.Argument(
        help='Such as "0.001 * (warmup(100) >> cosine(900, 0.1))"; epochs(n) for lengths in epochs.'
    ),
    steps: int = typer.Option(0, min=0, help="Steps to show; the schedule's own length, or 1000."),
    steps_per_epoch: int = typer.Option(0, min=0, help="Steps of an epoch, for epochs(n)."),
    rows: int = typer.Option(20, min=1, max=1000, help="Rows of the table."),
    png: str = typer.Option("", metavar="FILE", help="Draw a picture into this file."),
    json: opt.Json = False,
) -> None:
    """Draw a learning-rate schedule."""
    from kerasdl.backend import use

    use()
    import numpy as np

    from kerasdl.schedules import parse_schedule, schedule_values
    from kerasdl.schedules.known import known_schedules

    found = parse_schedule(expression, known_schedules())
    found = _in_steps(found, steps_per_epoch)
    last = steps or getattr(found, "steps", None) or 1000
    if png:
        from kerasdl.plots.schedules import schedules

        points = np.unique(np.linspace(0, last, 500).round().astype(int))
        values = schedule_values(found, points)
        print(f"wrote {schedules({expression.strip(): values}, points, png)}")
        return
    points = np.unique(np.linspace(0, last, rows + 1).round().astype(int))
    rates = schedule_values(found, points)
    if json:
        pairs = zip(points.tolist(), rates.tolist(), strict=True)
        output.as_json([{"step": step, "rate": rate} for step, rate in pairs])
        return
    print(found)
    highest = max(rates.max(), 1e-30)
    output.table(
        [
            {"step": int(step), "rate": f"{rate:.3g}", "": "#" * round(_BAR * rate / highest)}
            for step, rate in zip(points, rates, strict=True)
        ]
    )


def _in_steps(found: object, steps_per_epoch: int) -> object:
    from kerasdl.errors import UserError
    from kerasdl.schedules import Schedule

    if not isinstance(found, Schedule):
        return found
    if steps_per_epoch:
        return found.resolve(steps_per_epoch)
    if "Epochs(" in repr(found):
        raise UserError("`--steps-per-epoch` must be given for a schedule with lengths in epochs")
    return found

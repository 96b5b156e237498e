"""`kerasdl gradcheck ARCH`."""

import typer

from kerasdl.cli import declarations as opt
from kerasdl.cli import options, output


def gradcheck(
    architecture: str = typer.Argument(help="Architecture or variant."),
    set_: opt.Set = None,
    input_shape: str = typer.Option("", help="Shape of one input, such as 28,28,1."),
    outputs: int = typer.Option(3, min=1, help="Classes, or values to predict."),
    batch_size: int = typer.Option(4, min=1, help="Samples."),
    epsilon: float = typer.Option(None, help="Step; 1e-5 in float64, 1e-2 in float32."),
    tolerance: float = typer.Option(None, help="Largest relative error; 1e-5 or 2e-2."),
    samples: int = typer.Option(5, min=0, help="Entries looked at per parameter; 0 for all."),
    backend: opt.Backend = "",
    json: opt.Json = False,
) -> None:
    """Compare gradients with central differences."""
    from kerasdl.models import parse_fields
    from kerasdl.testing.gradcheck import gradcheck as room

    report = room(
        architecture,
        fields=parse_fields(architecture, options.settings(set_)),
        input_shape=options.shape("--input-shape", input_shape),
        outputs=outputs,
        batch_size=batch_size,
        epsilon=epsilon,
        tolerance=tolerance,
        samples=samples or None,
        backend=backend or None,
    )
    shown = [
        {
            "parameter": row.parameter,
            "shape": "x".join(map(str, row.shape)),
            "worst at": ",".join(map(str, row.index)),
            "analytic": f"{row.analytic:.8g}",
            "numeric": f"{row.numeric:.8g}",
            "error": f"{row.error:.1e}",
            "right": row.ok,
        }
        for row in report.rows
    ]
    if json:
        output.as_json(shown)
    else:
        output.table(shown, "no trainable parameter")
        print(f"\n{report.dtype}, epsilon {report.epsilon:g}, tolerance {report.tolerance:g}")
    wrong = [row.parameter for row in report.rows if not row.ok]
    if wrong:
        output.error(f"wrong gradients of {architecture}: {', '.join(wrong)}")
        raise typer.Exit(1)

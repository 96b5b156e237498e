"""`kerasdl compress RUN`."""

import typer

from kerasdl.cli import declarations as opt
from kerasdl.cli import output


def compress(
    run: str = typer.Argument(help="Run folder."),
    threshold: float = typer.Option(0.0, min=0.0, help="Weights of at most this size become zero."),
    epochs: int = typer.Option(0, min=0, help="Epochs to train the smaller model further."),
    keep: bool = typer.Option(False, "--keep", help="Leave layers that are not supported."),
    run_dir: str = typer.Option("", help="Folder for the smaller model; RUN-smaller by default."),
    backend: opt.Backend = "",
    json: opt.Json = False,
) -> None:
    """Remove the units that no output depends on."""
    import dataclasses

    from kerasdl.compress.run import compress_run

    result = compress_run(
        run,
        threshold=threshold,
        epochs=epochs,
        keep=keep,
        folder=run_dir or None,
        backend=backend or None,
    )
    if json:
        output.as_json(dataclasses.asdict(result))
        return
    output.table(
        [
            {"layer": entry.name, "units": entry.units, "left": entry.units - entry.removable}
            for entry in result.layers
        ]
    )
    print()
    rows = [
        {"": name.replace("_", " "), "before": figure, "after": result.figures["after"][name]}
        for name, figure in result.figures["before"].items()
    ]
    rows += [{"": "parameters", **result.parameters}, {"": "ms a batch", **result.milliseconds}]
    output.table(rows)
    print(f"\nrun folder  {result.folder}")

"""`kerasdl resume`."""

import typer

from kerasdl.cli.train import show_end


def resume(
    run: str = typer.Argument(..., help="Folder of a run that was killed or interrupted."),
    backend: str = typer.Option("", help="jax, tensorflow or torch; by default the run's own."),
) -> None:
    """Go on with a run, from its newest sound checkpoint."""
    from kerasdl.training import resume as resume_run

    show_end(resume_run(run, backend or None))

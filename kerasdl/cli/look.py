"""`kerasdl look RUN [INPUT…]`."""

import typer

from kerasdl.cli import declarations as opt
from kerasdl.cli import output


def look(
    run: str = typer.Argument(help="Run folder."),
    inputs: list[str] = typer.Argument(
        None, help="Images or texts, or files of them; test images by default, half mistakes."
    ),
    layer: str = typer.Option("", help="Layer whose maps are shown and used for Grad-CAM."),
    class_: str = typer.Option(
        "", "--class", metavar="NAME", help="Class to look for; the predicted one by default."
    ),
    out: str = typer.Option("", metavar="FOLDER", help="Where pictures go; RUN/inside by default."),
    count: int = typer.Option(8, min=1, max=64, help="Images to show at most."),
    backend: opt.Backend = "",
) -> None:
    """Draw filters, feature maps and Grad-CAM of a run on images; attentions of one on texts."""
    from kerasdl.training.look import look as look_room

    done = look_room(
        run,
        inputs or (),
        layer=layer or None,
        target=class_ or None,
        folder=out or None,
        count=count,
        backend=backend or None,
    )
    for path in done.pictures:
        print(path)
    for note in done.notes:
        output.note(note)
    if done.others:
        print(f"from training: {', '.join(map(str, done.others))}")

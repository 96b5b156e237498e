"""`kerasdl data`."""

import typer

from kerasdl.cli import output

app = typer.Typer(
    help="Data sets: by name, or your own files.", no_args_is_help=True, rich_markup_mode=None
)


@app.callback()
def _data() -> None:
    """Data sets: by name, or your own files."""


@app.command("list")
def list_data(json: bool = typer.Option(False, "--json", help="Print JSON.")) -> None:
    """List the data sets known by name."""
    from kerasdl.plugin import host

    rows = [
        {
            "data": provider.record.name,
            "task": provider.record.tasks[0],
            "summary": provider.record.summary,
            "download": provider.record.network,
            "from": provider.plugin.distribution,
        }
        for provider in host().catalog.providers("dataset")
    ]
    output.as_json(rows) if json else output.table(rows)


@app.command("show")
def show(
    data: str = typer.Argument(help="Name, or path of a file or folder."),
    target: str = typer.Option("", help="For a table: column(s) to predict, with commas."),
    image_size: str = typer.Option("", help="For images: resize to HEIGHT,WIDTH."),
    json: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """Read a data set and show its task, shapes, classes and columns."""
    from kerasdl.cli.options import columns, size
    from kerasdl.data import load
    from kerasdl.data.summary import summary

    names = columns(target)
    one = names[0] if names is not None and len(names) == 1 else names
    about = summary(load(data, target=one, image_size=size(image_size)))
    if json:
        output.as_json(about)
        return
    tables = {name: about.pop(name) for name in ("classes", "columns") if about.get(name)}
    output.pairs(about)
    for rows in tables.values():
        print()
        output.table(rows)

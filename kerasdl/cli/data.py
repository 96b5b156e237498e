"""`kerasdl data`."""

import typer

from kerasdl.cli import declarations as opt
from kerasdl.cli import output

app = typer.Typer(
    help="Data sets: by name, or your own files.", no_args_is_help=True, rich_markup_mode=None
)


@app.callback()
def _data() -> None:
    """Data sets: by name, or your own files."""


@app.command("list")
def list_data(json: opt.Json = False) -> None:
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


@app.command("check")
def check(
    data: str = typer.Argument(help="Name, or path of a file or folder."),
    target: opt.Target = "",
    task: str = typer.Option("", help="Task; the data's own by default."),
    image_size: opt.ImageSize = "",
    preprocessing: str = typer.Option("auto", help="How inputs will be scaled, as for train."),
    seed: int = typer.Option(0, help="Seed of the splits."),
    validation: float = typer.Option(0.1, help="Share of samples to watch the training with."),
    test: float = typer.Option(0.2, help="Share of samples for the final figures."),
    json: opt.Json = False,
) -> None:
    """Look for what a network would suffer from: duplicates, imbalance, scale and more."""
    from kerasdl.cli.options import columns, size
    from kerasdl.data import examine, load, split

    names = columns(target)
    one = names[0] if names is not None and len(names) == 1 else names
    loaded = load(data, task=task or None, target=one, image_size=size(image_size))
    parts = split(loaded, seed, validation, test)
    findings = examine(parts, preprocessing)
    counts = {name: len(samples) for name, samples in parts.parts.items()}
    if json:
        about = {"data": parts.name, "task": parts.task, "samples": counts}
        output.as_json({**about, "findings": [finding.to_dict() for finding in findings]})
        return
    output.pairs({"data": parts.name, "task": parts.task, **counts})
    print()
    for finding in findings:
        print(f"{finding.level}: {finding.message}.")
        print(f"  {finding.advice}.")
    if not findings:
        print("nothing suspicious found")


@app.command("show")
def show(
    data: str = typer.Argument(help="Name, or path of a file or folder."),
    target: opt.Target = "",
    image_size: opt.ImageSize = "",
    json: opt.Json = False,
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

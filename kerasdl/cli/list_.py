"""`kerasdl list`."""

import typer

from kerasdl.cli import output


def list_architectures(
    pattern: str = typer.Argument("*", help="Shell-style pattern, such as 'resnet*'."),
    task: str = typer.Option("", help="Only architectures that serve this task."),
    json: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """List the installed architectures and their variants."""
    import fnmatch

    from kerasdl.plugin import host

    rows = []
    for provider in host().catalog.providers("architecture"):
        record = provider.record
        names = [record.name, *record.variants]
        if (not task or task in record.tasks) and fnmatch.filter(names, pattern):
            rows.append(
                {
                    "architecture": record.name,
                    "variants": list(record.variants),
                    "tasks": list(record.tasks),
                    "summary": record.summary,
                    "plugin": provider.plugin.distribution,
                }
            )
    if json:
        output.as_json(rows)
        return
    shown = [{**row, "tasks": ", ".join(_short(t) for t in row["tasks"])} for row in rows]
    output.table(shown, 'no architecture is installed. For example: pip install "kerasdl-cnn"')


def _short(task: str) -> str:
    return task.replace("classification", "class.").replace("regression", "regr.")

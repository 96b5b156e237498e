"""`kerasdl list`."""

import typer

from kerasdl.cli import declarations as opt
from kerasdl.cli import output


def list_architectures(
    pattern: str = typer.Argument("*", help="Shell-style pattern, such as 'resnet*'."),
    task: str = typer.Option("", help="Only architectures that serve this task."),
    kind: str = typer.Option("", help="Components instead: layer, loss, optimizer, callback, ..."),
    json: opt.Json = False,
) -> None:
    """List the installed architectures, or components."""
    if kind:
        rows = _components(kind, pattern)
        output.as_json(rows) if json else output.table(rows, f"no {kind} is called {pattern}")
        return
    rows = _architectures(pattern, task)
    if json:
        output.as_json(rows)
        return
    shown = [{**row, "tasks": ", ".join(_short(t) for t in row["tasks"])} for row in rows]
    output.table(shown, 'no architecture is installed. For example: pip install "kerasdl-cnn"')


def _architectures(pattern: str, task: str) -> list[dict]:
    import fnmatch

    from kerasdl.plugin import host
    from kerasdl.plugin.targets import base_task

    task = base_task(task) if task else ""
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
    return rows


def _components(kind: str, pattern: str) -> list[dict]:
    import fnmatch

    from kerasdl.errors import UserError, did_you_mean
    from kerasdl.plugin import host
    from kerasdl.plugin.types import COMPONENT_KINDS

    if kind not in COMPONENT_KINDS:
        raise UserError(
            f"`--kind` must be one of {', '.join(COMPONENT_KINDS)}. Received: {kind!r}."
            f"{did_you_mean(kind, COMPONENT_KINDS)}"
        )
    return [
        {
            kind: provider.record.name,
            "summary": provider.record.summary,
            "class": provider.record.target.replace(":", "."),
            "plugin": provider.plugin.distribution,
        }
        for provider in host().catalog.providers(kind)
        if fnmatch.fnmatch(provider.record.name, pattern)
    ]


def _short(task: str) -> str:
    return task.replace("classification", "class.").replace("regression", "regr.")

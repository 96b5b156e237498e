"""`kerasdl plugins new NAME`."""

import typer


def new(
    name: str = typer.Argument(help="Of the distribution, such as kerasdl-wavenet or my-net."),
    kind: str = typer.Option(
        "architecture", help="What it begins with: architecture, component, dataset or command."
    ),
    task: str = typer.Option(
        "", help="What an architecture is for; image-classification by default."
    ),
    component: str = typer.Option(
        "",
        help="layer, loss, optimizer, regularizer, callback, schedule or metric; layer by default.",
    ),
    folder: str = typer.Option("", help="Where to write it: new or empty; NAME by default."),
) -> None:
    """Write a new plugin: a distribution that installs and passes its tests."""
    import os
    import shlex

    from kerasdl.scaffold import new_plugin

    made = new_plugin(
        name, kind, task=task or None, component=component or None, folder=folder or None
    )
    home = os.path.relpath(made.folder)
    print(f"wrote {len(made.files)} files:")
    for path in made.files:
        print(f"  {os.path.normpath(os.path.join(home, path))}")
    print("\nnext:")
    there = [f"cd {shlex.quote(home)}"] if home != os.curdir else []
    for line in (*there, 'pip install -e ".[test]"', "pytest"):
        print(f"  {line}")

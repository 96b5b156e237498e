"""`kerasdl describe NAME`."""

import typer

from kerasdl.cli import declarations as opt
from kerasdl.cli import options, output


def describe(
    name: str = typer.Argument(help="Architecture or variant."),
    build: bool = typer.Option(False, "--build", help="Build it and print the layer table."),
    input_shape: str = typer.Option("", help="With --build: input shape, such as 28,28,1."),
    outputs: int = typer.Option(10, min=1, help="With --build: classes or values to predict."),
    json: opt.Json = False,
) -> None:
    """Show an architecture's tasks, variants and fields."""
    from kerasdl.plugin import host
    from kerasdl.plugin.requirements import lacking

    provider = host().architecture(name)
    record = provider.record
    resolved = record.resolve(provider.preset, {})
    fields = [
        {"field": f.name, "default": _show(resolved[f.name]), "allowed": f.rule, "meaning": f.help}
        for f in record.config
    ]
    about = {
        "architecture": record.name,
        "variant": provider.variant,
        "summary": record.summary,
        "tasks": list(record.tasks),
        "variants": list(record.variants),
        "aliases": [f"{alias} = {target}" for alias, target in record.aliases.items()],
        "reference": record.reference,
        "parameters": record.parameters.get(name),
        "recipe": [f"{key}={value}" for key, value in record.recipe.items()],
        "plugin": f"{provider.plugin.distribution} {provider.plugin.version}",
        "requires": list(record.requires),
        "lacking": [said for need in record.requires if (said := lacking(need, provider.plugin))],
    }
    if json:
        output.as_json({**about, "fields": fields})
    else:
        output.pairs(about)
        print()
        output.table(fields, "no configuration fields")
    if build:
        _build(name, record, input_shape, outputs)


def _build(name: str, record: object, input_shape: str, outputs: int) -> None:
    from kerasdl.backend import use

    shape = options.shape("--input-shape", input_shape)
    use()
    from kerasdl.models import create_model

    spec = getattr(record, "parameters_spec", None)
    if spec is not None and not shape:
        create_model(name, spec=spec).summary()
        return
    tasks = getattr(record, "tasks", ())
    classes = any("classification" in task for task in tasks)
    sizes = {"num_classes": outputs} if classes else {"outputs": outputs}
    create_model(name, input_shape=shape or (28, 28, 1), **sizes).summary()


def _show(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(map(str, value)) or "none"
    return "none" if value is None else str(value)

"""`kerasdl runs list | show | compare`."""

from typing import TYPE_CHECKING, Any

import typer

from kerasdl.cli import declarations as opt
from kerasdl.cli import output
from kerasdl.numbers import short

if TYPE_CHECKING:
    from kerasdl.training.comparison import Comparison
    from kerasdl.training.records import RunRecord

app = typer.Typer(
    help="Runs: what was trained, and what came of it.", no_args_is_help=True, rich_markup_mode=None
)
_DEFAULT = "runs"


@app.command("list")
def list_(
    folder: str = typer.Argument(_DEFAULT, help="Where to look, folders within it included."),
    json: opt.Json = False,
) -> None:
    """List runs in the order of their beginning."""
    from pathlib import Path

    from kerasdl.training.records import find_runs

    there = folder != _DEFAULT or Path(folder).is_dir()
    records = find_runs(folder) if there else []
    if json:
        output.as_json([_summary(record) for record in records])
        return
    output.table([_row(record) for record in records], f"no runs in {folder}")


@app.command("show")
def show(
    run: str = typer.Argument(help="Run folder."),
    html: bool = typer.Option(False, "--html", help="Write RUN/report.html again."),
    json: opt.Json = False,
) -> None:
    """Show a run: figures, what it differs in from the defaults, where its files are."""
    from kerasdl.training.differences import from_defaults
    from kerasdl.training.records import read_record

    record = read_record(run)
    if html:
        from kerasdl.training.report import write_report

        print(write_report(run))
        return
    changed = from_defaults(record.config)
    if json:
        output.as_json(
            {
                **_summary(record),
                "changed": {name: {"value": v, "default": d} for name, (v, d) in changed.items()},
                "config": record.config,
                "results": record.results,
                "environment": record.environment,
                "history": record.history,
                "files": _files(record),
            }
        )
        return
    output.pairs(_heading(record))
    for fault in record.faults:
        output.note(f"warning: {fault}")
    if record.figures:
        print()
        output.pairs({f"{record.split} {_plain(n)}": v for n, v in record.figures.items()})
    if changed:
        print()
        output.table(
            [
                {"setting": name, "value": _setting(value), "default": _setting(default)}
                for name, (value, default) in changed.items()
            ]
        )
    print()
    output.pairs(_files(record))


@app.command("compare")
def compare(
    runs: list[str] = typer.Argument(help="Run folders, two or more."),
    out: str = typer.Option("", metavar="FILE", help="Picture; compare.png by default."),
    json: bool = typer.Option(False, "--json", help="Print JSON; a picture only with --out."),
) -> None:
    """Set runs beside one another: figures, settings in which they differ, curves as a picture."""
    from kerasdl.training.comparison import compare as compare_room

    found = compare_room(runs)
    if json:
        output.as_json(
            {
                "runs": [_summary(record) for record in found.records],
                "figures": found.figures,
                "settings": found.settings,
                "picture": found.draw(out) if out else None,
            }
        )
        return
    output.table(_results(found))
    print()
    rows = [_beside(found, name, map(_setting, v)) for name, v in found.settings.items()]
    output.table(rows, "the same settings")
    print()
    output.pairs({"curves": found.draw(out or "compare.png")})


def _summary(record: "RunRecord") -> dict[str, Any]:
    main = record.main_figure
    return {
        "run": str(record.folder),
        "architecture": record.config.get("architecture"),
        "data": record.config.get("data"),
        "status": record.status,
        "figure": {"name": main[0], "value": main[1]} if main else None,
        "figures": record.figures,
        "epochs": record.epochs,
        "seconds": record.seconds,
        "started": record.started.isoformat(timespec="seconds") if record.started else None,
        "faults": record.faults,
    }


def _row(record: "RunRecord") -> dict[str, Any]:
    main = record.main_figure
    began = record.started
    return {
        "run": str(record.folder),
        "architecture": str(record.config.get("architecture", "")),
        "data": str(record.config.get("data", "")).rstrip("/").rpartition("/")[2],
        "status": record.status,
        "figure": f"{_plain(main[0])} {_number(main[1])}" if main else "",
        "epochs": record.epochs,
        "time": "" if record.seconds is None else _duration(record.seconds),
        "when": f"{began:%Y-%m-%d %H:%M}" if began else "",
    }


def _heading(record: "RunRecord") -> dict[str, Any]:
    config, about = record.config, record.environment
    began, parameters = record.started, record.results.get("parameters")
    devices = about.get("devices")
    return {
        "run": str(record.folder),
        "status": record.status,
        "architecture": config.get("architecture"),
        "data": config.get("data"),
        "task": record.task.get("task"),
        "started": f"{began:%Y-%m-%d %H:%M}" if began else "",
        "epochs": f"{record.epochs} of {config.get('epochs', '?')}",
        "training": "" if record.seconds is None else _duration(record.seconds),
        "parameters": f"{parameters:,}" if isinstance(parameters, int) else "",
        "backend": about.get("backend"),
        "devices": devices if isinstance(devices, list) else "",
        "seed": str(config.get("seed", "")),
    }


def _results(found: "Comparison") -> list[dict[str, Any]]:
    rows = [
        _beside(found, _plain(name), map(_number, values)) | {"best": found.best(name) or ""}
        for name, values in found.figures.items()
    ]
    records = found.records
    others = {
        "parameters": [record.results.get("parameters") for record in records],
        "epochs": [record.epochs for record in records],
        "training": [None if r.seconds is None else _duration(r.seconds) for r in records],
        "status": [record.status for record in records],
    }
    rows += [_beside(found, n, map(_number, v)) | {"best": ""} for n, v in others.items()]
    return rows


def _beside(found: "Comparison", name: str, values: Any) -> dict[str, str]:
    return {"": name} | dict(zip(found.names, values, strict=True))


def _files(record: "RunRecord") -> dict[str, str]:
    known = {
        "report": "report.html",
        "model": "model.keras",
        "configuration": "config.toml",
        "metrics": "metrics.csv",
        "logs": "logs",
        "checkpoints": "checkpoints",
    }
    paths = {name: record.folder / file for name, file in known.items()}
    return {name: str(path) for name, path in paths.items() if path.exists()}


def _plain(name: str) -> str:
    return name.replace("_", " ")


def _number(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return short(value)
    return f"{value:,}" if isinstance(value, int) else str(value)


def _setting(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:g}"
    return ",".join(map(_setting, value)) if isinstance(value, list | tuple) else str(value)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"

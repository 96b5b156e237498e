"""`kerasdl plugins check NAME`."""

from typing import Any

import typer

from kerasdl.cli import declarations as opt
from kerasdl.cli import output


def check(
    name: str = typer.Argument(help="Plugin or distribution."),
    backend: str = typer.Option("", help="jax, tensorflow, torch, or all that are installed."),
    only: list[str] = typer.Option([], metavar="CHECK", help="Only this check; may be repeated."),
    json: opt.Json = False,
) -> None:
    """Check a plugin against the kit's rules; exit status 1 if one is broken."""
    from kerasdl.testing.plugin_checks.backends import check_on

    rows: list[dict[str, Any]] = []
    for row in check_on(name, backend, only):
        if not json:
            _show(row, rows[-1] if rows else {})
        rows.append(row)
    if json:
        output.as_json(rows)
    else:
        _sum_up(name, rows)
    if any(row["outcome"] == "failed" for row in rows):
        raise typer.Exit(1)


def _show(row: dict[str, Any], before: dict[str, Any]) -> None:
    """A line as soon as it is known, under the name of what is checked."""
    heading = f"{row['record']}, {row['backend']}"
    if not before or heading != f"{before['record']}, {before['backend']}":
        print(f"\n{heading}")
    print(f"  {row['outcome']:8} {row['seconds']:6.1f} s  {row['check']}", flush=True)
    for word, text in (("", row["found"]), ("reproduce: ", row["reproduce"])):
        if text:
            print(f"{'':20} {word}{text}", flush=True)


def _sum_up(name: str, rows: list[dict[str, Any]]) -> None:
    counts = [
        f"{sum(row['outcome'] == kind for row in rows)} {kind}"
        for kind in ("passed", "failed", "skipped")
    ]
    print(f"\n{name}: {', '.join(counts)} in {sum(row['seconds'] for row in rows):.0f} s")
